"""What the public benchmarks take: which images, how many, of what size and name."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from salgan_jax.errors import UserError, listed


class Benchmark(NamedTuple):
    """A benchmark with hidden fixations.

    Attributes:
        name: of the flag `--benchmark`.
        num_images: of its test set.
        stems: what the path of an image without its suffix looks like, all of it.
        size: (height, width) of all images in pixels; None: they differ.
        suffixes: of map files that it takes.
        takes_log_densities: in an HDF5 file, instead of map files.
    """

    name: str
    num_images: int
    stems: re.Pattern[str]
    size: tuple[int, int] | None
    suffixes: tuple[str, ...]
    takes_log_densities: bool


BENCHMARKS = {
    benchmark.name: benchmark
    for benchmark in (
        # SALICON 2017 of the LSUN challenge: codalab.lisn.upsaclay.fr, 17136.
        Benchmark(
            "salicon2017",
            5000,
            re.compile(r"COCO_test2014_\d{12}"),
            (480, 640),
            (".png",),
            takes_log_densities=False,
        ),
        # saliency.tuebingen.ai
        Benchmark(
            "mit300",
            300,
            re.compile(r"i\d{1,3}"),
            None,
            (".png", ".jpg"),
            takes_log_densities=True,
        ),
        Benchmark(
            "cat2000",
            2000,
            re.compile(r"[A-Za-z]+/\d{3}"),
            (1080, 1920),
            (".png", ".jpg"),
            takes_log_densities=True,
        ),
    )
}


def problems(
    benchmark: Benchmark, sizes: Mapping[str, tuple[int, ...]], what: str
) -> list[str]:
    """Returns what is wrong with a set of images or maps; nothing if it is complete.

    Args:
        benchmark: that should take them.
        sizes: (height, width) of each, by its path without suffix.
        what: they are, "images" or "maps".
    """
    found = []
    if len(sizes) != benchmark.num_images:
        found.append(
            f"there are {len(sizes)} {what}, {benchmark.name} has "
            f"{benchmark.num_images}"
        )
    alien = sorted(name for name in sizes if not benchmark.stems.fullmatch(name))
    if alien:
        found.append(
            f"{len(alien)} {what} have names that {benchmark.name} does not have "
            f"({benchmark.stems.pattern}): {listed(alien)}"
        )
    if benchmark.size is not None:
        height, width = benchmark.size
        wrong = sorted(n for n, size in sizes.items() if tuple(size) != benchmark.size)
        if wrong:
            found.append(
                f"{len(wrong)} {what} are not {width} x {height} pixels: "
                f"{listed(wrong)}"
            )
    return found


def check(
    benchmark: Benchmark,
    sizes: Mapping[str, tuple[int, ...]],
    what: str,
    where: str,
    more: list[str] | None = None,
) -> None:
    """Raises UserError with everything that is wrong.

    Args:
        benchmark, sizes, what: as in `problems`.
        where: they lie, for the message.
        more: that was found wrong elsewhere.
    """
    found = [*(more or []), *problems(benchmark, sizes, what)]
    if found:
        raise UserError(f"{where} is not for {benchmark.name}: {'; '.join(found)}")
