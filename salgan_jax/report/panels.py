"""Image, ground truth and what each run predicts, small enough for one page."""

import base64
import io
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from salgan_jax import inference, run_pictures
from salgan_jax.data.records import Record
from salgan_jax.evaluation import scores
from salgan_jax.report import run_scores, runs
from salgan_jax.report.run_scores import BATCH_SIZE, RunScores
from salgan_jax.report.runs import Run

# All pictures of a page; what is written in base64 is a third larger.
_MOST_BYTES = 6e6
# Bytes a pixel, of a JPEG of a detailed photograph and of a smooth map.
_OF_PHOTOGRAPH, _OF_MAP = 0.3, 0.05
_SMALLEST, _LARGEST = 128, 640  # pixels, the longer side
_QUALITY = 80


class Panel(NamedTuple):
    """What the page shows of an image.

    Attributes:
        id: of its record.
        row: its place in the data set.
        size: (height, width) of its pictures in pixels.
        fixations: int [N, 2], (x, y) in those pixels, each place once.
        pictures: data URIs: the image, its ground truth, what each run predicts.
    """

    id: str
    row: int
    size: tuple[int, int]
    fixations: np.ndarray
    pictures: list[str]


def choose(found: Sequence[RunScores], num_images: int) -> list[int]:
    """Returns which images are shown, in their order.

    All, where there are no more. Else half of them are those on which a run scores
    lowest in `sorted_by`, the others are spread evenly over the scores of the rest.
    """
    of_images = run_scores.lowest(found, sorted_by(found))
    order = np.argsort(of_images, kind="stable")  # NaN last
    if num_images >= len(order):
        return list(range(len(order)))
    num_lowest = (num_images + 1) // 2
    rest = order[num_lowest:]
    spread = np.linspace(len(rest) - 1, 0, num_images - num_lowest).round().astype(int)
    return sorted(int(row) for row in (*order[:num_lowest], *rest[spread]))


def sorted_by(found: Sequence[RunScores]) -> str:
    """Returns the metric that says how good a map is at first: CC, or what there is."""
    known = run_scores.metrics_of(found)
    return "cc" if "cc" in known else known[0]


def make(
    some: Sequence[Run], all_records: Sequence[Record], chosen: Sequence[int]
) -> list[Panel]:
    """Returns the panels of the chosen records; every map is divided by its maximum.

    Raises:
        UserError: a generator cannot be loaded, or predicts values that are not finite.
    """
    side = _side(len(chosen), len(some))
    panels = []
    for row in chosen:
        record = all_records[row]
        photograph = _shrunk(record.image, side)
        truth = _grey(run_pictures.ground_truth(record), side)
        size = photograph.height, photograph.width
        pictures = [_data_uri(photograph), _data_uri(truth)]
        panels.append(Panel(record.id, row, size, _fixations(record, size), pictures))
    for run in some:
        maps = _predictions(run, all_records, chosen)
        for panel, saliency_map in zip(panels, maps, strict=True):
            relative = run_pictures.relative(saliency_map)
            panel.pictures.append(_data_uri(_grey(relative, side)))
    return panels


def scores_of(found: Sequence[RunScores], row: int) -> list[list[float | None]]:
    """Returns the scores of an image, by run and by metric; None: it has no such."""
    metrics = run_scores.metrics_of(found)
    return [
        [
            _known(each.of_images[metric][row]) if metric in each.of_images else None
            for metric in metrics
        ]
        for each in found
    ]


def failures_first(found: Sequence[RunScores], panels: Sequence[Panel]) -> list[Panel]:
    """Returns the panels, those first on which the first run scores lowest."""
    metric = sorted_by(found)
    sign = -1 if scores.is_less_better(metric) else 1
    values = sign * found[0].of_images[metric]
    return sorted(panels, key=lambda panel: (math.isnan(v := values[panel.row]), v))


def _side(num_images: int, num_runs: int) -> int:
    """Returns the longest side of a picture that keeps the page small."""
    of_pixel = _OF_PHOTOGRAPH + _OF_MAP * (1 + num_runs)
    side = math.sqrt(_MOST_BYTES / max(1, num_images) / of_pixel / 0.75)
    return int(min(max(side, _SMALLEST), _LARGEST))


def _predictions(
    run: Run, all_records: Sequence[Record], chosen: Sequence[int]
) -> Iterator[np.ndarray]:
    predictor = inference.make_predictor(runs.load_generator(run), BATCH_SIZE)
    for start in range(0, len(chosen), BATCH_SIZE):
        some = [all_records[row].image for row in chosen[start : start + BATCH_SIZE]]
        yield from predictor(some)


def _shrunk(picture: np.ndarray, side: int) -> Image.Image:
    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image


def _grey(saliency_map: np.ndarray, side: int) -> Image.Image:
    return _shrunk(np.rint(np.clip(saliency_map, 0, 1) * 255).astype(np.uint8), side)


def _data_uri(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _fixations(record: Record, size: tuple[int, int]) -> np.ndarray:
    """Returns each place once, in pixels of the picture."""
    if record.fixations is None:
        return np.empty((0, 2), int)
    scale = np.array(size[::-1]) / np.array(record.size[::-1])
    return np.unique(np.floor(record.fixations * scale).astype(int), axis=0)


def _known(score: float) -> float | None:
    return None if math.isnan(score) else round(float(score), 4)
