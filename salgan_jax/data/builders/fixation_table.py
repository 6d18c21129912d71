"""A user's own fixations: a CSV file with the columns image, x, y and observer."""

import csv
import io
import math
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from salgan_jax.data.record_format import UNKNOWN_OBSERVER
from salgan_jax.errors import UserError

_REQUIRED = ("image", "x", "y")
_COLUMNS = (*_REQUIRED, "observer")


class Fixation(NamedTuple):
    """One row.

    Attributes:
        line: its number in the file, from 1.
        image: as it is written, with slashes between folders.
        x, y: in pixels of the image, 0-based; finite.
        observer: from 0, in order of first appearance; -1 without that column.
    """

    line: int
    image: str
    x: float
    y: float
    observer: int


def read(path: pathlib.Path) -> list[Fixation]:
    """Returns the rows of a table, of which the first names the columns, in any order.

    Lines may end as on any system, and a byte order mark may come first.

    Raises:
      UserError: it is no such table; the message names the file and the line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not text in UTF-8: save it as CSV UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = _columns(path, next(reader, []))
        fixations = list(_rows(path, reader, columns))
    except csv.Error as error:
        raise UserError(f"{path}:{reader.line_num}: {error}") from error
    if not fixations:
        raise UserError(f"{path} has no fixations: a row for each is expected")
    return fixations


def _columns(path: pathlib.Path, header: Sequence[str]) -> list[str]:
    """Returns the names of the columns, in their order."""
    columns = [name.strip() for name in header]
    line = f"{path}:1: {','.join(columns)!r}"
    if len(columns) == 1 and set(";\t") & set(columns[0]):
        raise UserError(f"{line}: separate columns by commas, and decimals by points")
    unknown = [name for name in columns if name not in _COLUMNS]
    missing = [name for name in _REQUIRED if name not in columns]
    if unknown or missing or len(set(columns)) != len(columns):
        raise UserError(f"{line}: the columns must be image,x,y or image,x,y,observer")
    return columns


def _rows(
    path: pathlib.Path, reader: Any, columns: Sequence[str]
) -> Iterator[Fixation]:
    observers: dict[str, int] = {}
    for row in reader:
        line = reader.line_num
        if not row:
            continue
        if len(row) != len(columns):
            raise UserError(
                f"{path}:{line}: {len(row)} cells instead of {len(columns)}; separate "
                "decimals by points"
            )
        cell = dict(zip(columns, map(str.strip, row), strict=True))
        empty = [name for name in columns if not cell[name]]
        if empty:
            raise UserError(f"{path}:{line}: the {empty[0]} is missing")
        observer = UNKNOWN_OBSERVER
        if "observer" in cell:
            observer = observers.setdefault(cell["observer"], len(observers))
        yield Fixation(
            line=line,
            image=cell["image"].replace("\\", "/"),
            x=_number(path, line, cell["x"]),
            y=_number(path, line, cell["y"]),
            observer=observer,
        )


def _number(path: pathlib.Path, line: int, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{path}:{line}: {text!r} is not a number of pixels")
    return number
