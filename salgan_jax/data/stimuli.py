"""An image of the publishers, read, checked and turned into an example.

A builder says where the files of an image are and how its fixations are read
(`Stimulus`); what must hold for every image of every dataset is checked here, once.
"""

import collections
import concurrent.futures
import itertools
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from salgan_jax.data import fixations, images, opening, record_format
from salgan_jax.data.opening import MAX_MEGAPIXELS
from salgan_jax.errors import UserError, printable

_AHEAD_PER_CORE = 4  # examples that wait for the writer


class Gaze(NamedTuple):
    """Where all observers looked in one image."""

    points: np.ndarray  # float [N, 2]: (x, y) in pixels, 0-based
    observers: np.ndarray  # int32 [N], record_format.UNKNOWN_OBSERVER where unknown
    size: tuple[int, int] | None = None  # (height, width), where the file has it too
    is_of_screen: bool = False  # people looked beside the image too: leave that out


class Stimulus(NamedTuple):
    """One image, before anything of it has been read.

    Attributes:
        id: unique within the split; slashes make folders.
        image: its file.
        read_density_map: returns the publishers' map, as the bytes of a grey image or
            as [H, W] in [0, 1]; None where they give none.
        read_fixations: returns the gaze; None where the publishers give none.
    """

    id: str
    image: pathlib.Path
    read_density_map: Callable[[], bytes | np.ndarray] | None = None
    read_fixations: Callable[[], Gaze] | None = None


class GroundTruth(NamedTuple):
    """How fixations become a density map, and what is wrong with a fixation.

    Attributes:
        sigma_px: of the Gaussian, in pixels; None makes no map of fixations.
        prefer_fixations: make the map of the fixations where the publishers give a map
            as well.
        tolerance_px: a point this far outside of the image is moved to its border;
            further outside it is an error.
        max_megapixels: larger images and maps are refused before they are decoded.
    """

    sigma_px: float | None
    prefer_fixations: bool = False
    tolerance_px: float = 1.0
    max_megapixels: float = MAX_MEGAPIXELS


class Loaded(NamedTuple):
    """An example, or why there is none."""

    stimulus: Stimulus
    example: dict[str, Any] | None
    problem: str  # "" where there is an example


def gaze_of_map(fixation_map: np.ndarray) -> Gaze:
    """Returns each pixel of a map [H, W] that is not zero as a point, row by row."""
    rows, columns = np.nonzero(fixation_map)
    height, width = fixation_map.shape
    return Gaze(
        points=np.stack([columns, rows], axis=1),
        observers=np.full(len(rows), record_format.UNKNOWN_OBSERVER),
        size=(height, width),
    )


def load(stimulus: Stimulus, truth: GroundTruth) -> Loaded:
    """Returns the checked example of one image; its own bytes are kept."""
    try:
        return Loaded(stimulus, _example(stimulus, truth), "")
    except UserError as error:
        return Loaded(stimulus, None, printable(str(error)))
    except OSError as error:
        name = os.fsdecode(error.filename or stimulus.image)
        problem = f"cannot read {name}: {error.strerror or error}"
        return Loaded(stimulus, None, printable(problem))


def load_all(stimuli: Iterable[Stimulus], truth: GroundTruth) -> Iterator[Loaded]:
    """Yields `load` of each in order; all cores read, and few examples wait."""
    num_threads = os.cpu_count() or 1
    waiting: collections.deque[concurrent.futures.Future[Loaded]] = collections.deque()
    iterator = iter(stimuli)
    with concurrent.futures.ThreadPoolExecutor(num_threads) as pool:
        try:
            for stimulus in itertools.islice(iterator, _AHEAD_PER_CORE * num_threads):
                waiting.append(pool.submit(load, stimulus, truth))
            while waiting:
                yield waiting.popleft().result()
                for stimulus in itertools.islice(iterator, 1):
                    waiting.append(pool.submit(load, stimulus, truth))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _example(stimulus: Stimulus, truth: GroundTruth) -> dict[str, Any]:
    _check_id(stimulus)
    limit = truth.max_megapixels
    data = opening.read_bytes(stimulus.image, max_megapixels=limit)
    decoded = images.decode_image(data, str(stimulus.image), max_megapixels=limit)
    height, width = decoded.shape[:2]
    del decoded  # the map may be as large
    gaze = None
    if stimulus.read_fixations is not None:
        gaze = _inside(
            stimulus, stimulus.read_fixations(), width, height, truth.tolerance_px
        )
    density_map = None
    makes_map = gaze is not None and truth.sigma_px is not None
    if stimulus.read_density_map and not (makes_map and truth.prefer_fixations):
        density_map = _checked_map(
            stimulus, stimulus.read_density_map(), width, height, limit
        )
    elif gaze is not None and truth.sigma_px is not None:
        density_map = fixations.density_map(
            gaze.points, height=height, width=width, sigma_px=truth.sigma_px
        )
    return record_format.encode(
        record_id=stimulus.id,
        image=data,
        size=(height, width),
        density_map=density_map,
        fixations=None if gaze is None else gaze.points,
        observers=None if gaze is None else gaze.observers,
    )


def _check_id(stimulus: Stimulus) -> None:
    try:
        stimulus.id.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"cannot use the image {stimulus.image}: its name is not UTF-8; rename it"
        ) from error


def _inside(
    stimulus: Stimulus, gaze: Gaze, width: int, height: int, tolerance_px: float
) -> Gaze:
    """Returns the gaze with all points in the image, as float32."""
    if gaze.size is not None and gaze.size != (height, width):
        sides = " x ".join(map(str, reversed(gaze.size)))
        raise UserError(
            f"{stimulus.image} has {width} x {height} pixels, its fixation map {sides}"
        )
    points = np.asarray(gaze.points, np.float32).reshape(-1, 2)
    observers = np.asarray(gaze.observers, np.int32).reshape(-1)
    size = np.array([width, height], np.float32)
    if gaze.is_of_screen:
        is_inside = ((points >= 0) & (points < size)).all(axis=1)
        return Gaze(points[is_inside], observers[is_inside])
    # Written so that not-a-number fails as well.
    is_near = (np.maximum(-points, points - size) <= tolerance_px).all(axis=1)
    if not is_near.all():
        x, y = points[~is_near][0]
        raise UserError(
            f"{stimulus.image} has {width} x {height} pixels, but a fixation at "
            f"({x:g}, {y:g}): is it the image that was shown?"
        )
    inside = np.clip(points, 0, np.nextafter(size, np.float32(0)))
    return Gaze(inside, observers)


def _checked_map(
    stimulus: Stimulus,
    density_map: bytes | np.ndarray,
    width: int,
    height: int,
    max_megapixels: float,
) -> bytes | np.ndarray:
    """Returns the map as it is, if it is one and of its image's size."""
    decoded = density_map
    if isinstance(density_map, bytes):
        decoded = images.decode_map(
            density_map, f"of {stimulus.image}", max_megapixels=max_megapixels
        )
    assert isinstance(decoded, np.ndarray)
    if decoded.shape != (height, width):
        sides = " x ".join(map(str, reversed(decoded.shape)))
        hint = "; --sigma_px makes maps of the fixations instead"
        raise UserError(
            f"{stimulus.image} has {width} x {height} pixels, its density map {sides}"
            f"{hint if stimulus.read_fixations else ''}"
        )
    # Written so that not-a-number fails as well.
    if not (decoded.min() >= 0 and decoded.max() <= 1):
        raise UserError(f"the density map of {stimulus.image} has values outside 0..1")
    return density_map
