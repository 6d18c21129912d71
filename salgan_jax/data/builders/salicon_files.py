"""SALICON's three ways to write down where people looked: gaze, old maps, and JSON."""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.io

from salgan_jax.data.builders import matlab_files, matlab_structure
from salgan_jax.data.stimuli import Gaze
from salgan_jax.errors import UserError

_NO_GAZE = Gaze(np.empty((0, 2)), np.empty(0, np.int32))


def read_gaze(path: pathlib.Path) -> Gaze:
    """Returns the fixations in a .mat of 2017's release, or of 2015's.

    `gaze` has an entry for each observer, whose `fixations` are rows (x, y), from 1.
    What the observers' mice did in between, `location`, is left out.

    Raises:
      UserError: the file is broken or is not laid out as published.
    """
    gaze = matlab_files.read_variable(path, "gaze")
    if gaze.dtype.names is None or "fixations" not in gaze.dtype.names:
        raise UserError(f"{path} is not laid out as published: gaze has no `fixations`")
    return _together(
        [matlab_files.as_points(entry, path, 2) for entry in gaze["fixations"].ravel()]
    )


def count_fixations(path: pathlib.Path) -> int:
    """Returns how many fixations a .mat holds.

    Raises:
      UserError: as `read_gaze`.
    """
    return len(read_gaze(path).points)


def read_old_map(path: pathlib.Path) -> np.ndarray:
    """Returns the map of a .mat of 2015's first release: `I`, [H, W] in [0, 1].

    Raises:
      UserError: the file is broken or is not laid out as published.
    """
    saliency_map = matlab_files.read_variable(path, "I")
    if saliency_map.ndim != 2 or saliency_map.dtype.kind not in "uf":
        raise UserError(
            f"{path} is not laid out as published: `I` must be a map [H, W]"
        )
    if saliency_map.dtype == np.uint8:
        return saliency_map.astype(np.float32) / 255
    return saliency_map.astype(np.float32)


def variables(path: pathlib.Path) -> set[str]:
    """Returns the names of a .mat's variables.

    Raises:
      UserError: the file is broken.
    """
    try:
        matlab_structure.check(path.read_bytes())
        return {name for name, *_ in scipy.io.whosmat(path)}
    # SciPy raises nearly anything on a broken file, zlib.error and TypeError included.
    except Exception as error:
        reason = " ".join(str(error).split()) or repr(error)
        raise UserError(f"cannot read {path} as a MATLAB file: {reason}") from error


def read_api(path: pathlib.Path) -> dict[str, Gaze]:
    """Returns the mouse samples in a file of the SALICON API, by image file name.

    An annotation is what one worker did on one image: rows (row, column), from 1.

    Raises:
      UserError: the file is broken or is not laid out as published.
    """
    try:
        contents = json.loads(path.read_bytes())
        names = {image["id"]: str(image["file_name"]) for image in contents["images"]}
        tracks: dict[str, list[np.ndarray]] = {name: [] for name in names.values()}
        for annotation in contents["annotations"]:
            tracks[names[annotation["image_id"]]].append(_track(annotation))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path} is not laid out as the SALICON API's JSON: `images` with id and "
            "file_name, `annotations` with image_id and fixations [row, column] "
            f"({type(error).__name__}: {reason[:200]})"
        ) from error
    return {name: _together(points) for name, points in tracks.items()}


def _track(annotation: Mapping[str, Any]) -> np.ndarray:
    rows = np.asarray(annotation["fixations"])
    if rows.size == 0:
        return np.empty((0, 2))
    if rows.dtype.kind not in "if" or rows.ndim != 2 or rows.shape[1] != 2:
        raise ValueError("fixations are not rows of two numbers")
    if not np.isfinite(rows).all():
        raise ValueError("fixations are not numbers")
    return rows[:, ::-1].astype(np.float64)


def _together(points: list[np.ndarray]) -> Gaze:
    """Returns the points of all observers, from 0 instead of from 1."""
    if not points:
        return _NO_GAZE
    counts = [len(points_of_one) for points_of_one in points]
    return Gaze(
        points=np.concatenate(points) - 1,
        observers=np.repeat(np.arange(len(points)), counts).astype(np.int32),
    )
