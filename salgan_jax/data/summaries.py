"""What a prepared dataset holds, in numbers and as a table."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from salgan_jax.data import catalog


class SplitSummary(NamedTuple):
    """What one split of a prepared dataset holds.

    Attributes:
        split: its name.
        num_images: in the records.
        num_fixations: of all images together; None where fixations are not given.
        mean_x, mean_y: mean of all fixations, in pixels; None without fixations.
        num_maps: images with a density map.
        num_left_out: images that could not be used.
    """

    split: str
    num_images: int
    num_fixations: int | None
    mean_x: float | None
    mean_y: float | None
    num_maps: int
    num_left_out: int


def summarise(builder: catalog.Builder, split: str) -> SplitSummary:
    """Returns what the records of a split hold."""
    metadata: Any = builder.info.metadata
    num_images, num_maps, points = 0, 0, []
    for example in catalog.examples(builder, split):
        num_images += 1
        num_maps += bool(example["density_map"])
        if example["has_fixations"]:
            points.append(np.reshape(example["fixations"], (-1, 2)))
    together = np.concatenate(points) if points else np.empty((0, 2))
    means = together.mean(axis=0, dtype=np.float64) if len(together) else (None, None)
    return SplitSummary(
        split=split,
        num_images=num_images,
        num_fixations=len(together) if points else None,
        mean_x=means[0],
        mean_y=means[1],
        num_maps=num_maps,
        num_left_out=len(metadata.get("left_out", {}).get(split, {})),
    )


def table(rows: Sequence[SplitSummary]) -> str:
    """Returns the numbers of each split as lines of text; "-" is not given."""
    lines = [
        f"{'split':<12}{'images':>8}{'maps':>8}{'fixations':>11}{'per image':>11}"
        f"{'mean x':>10}{'mean y':>10}{'left out':>10}"
    ]
    for row in rows:
        has_fixations = row.num_fixations is not None
        fixations = [
            row.num_fixations,
            f"{(row.num_fixations or 0) / max(row.num_images, 1):.1f}",
            "-" if row.mean_x is None else f"{row.mean_x:.3f}",
            "-" if row.mean_y is None else f"{row.mean_y:.3f}",
        ]
        count, per_image, x, y = fixations if has_fixations else ("-",) * 4
        lines.append(
            f"{row.split:<12}{row.num_images:>8}{row.num_maps:>8}{count:>11}"
            f"{per_image:>11}{x:>10}{y:>10}{row.num_left_out:>10}"
        )
    return "\n".join(lines)
