"""Whether a MATLAB file of version 5 is built as MATLAB builds it.

SciPy trusts the types and lengths in such a file, and a damaged one can end the whole
process. Here they are followed from end to end before SciPy sees them; "MAT-File
Format", The MathWorks, describes them.
"""

import math
import struct
import zlib
from typing import NamedTuple

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_INT8, _INT32, _UINT32, _UTF8 = 1, 5, 6, 16
_NUMBERS = (1, 2, 3, 4, 5, 6, 7, 9, 12, 13)
_TEXT = (*_NUMBERS, 16, 17, 18)
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE, _NUMERIC = 1, 2, 3, 4, 5, range(6, 16)
_COMPLEX = 0x08
_DEEPEST = 20
_MOST_BYTES = 1 << 30  # of one variable, unpacked


class _Element(NamedTuple):
    """A tag's type, and where the bytes that it announces lie."""

    kind: int
    start: int
    stop: int
    following: int


def check(data: bytes) -> None:
    """Raises ValueError, with the reason, unless the file is whole and well-formed."""
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if len(data) < _HEADER or order is None:
        raise ValueError("it does not begin as a MATLAB file of version 5 or 7.3")
    position = _HEADER
    while position < len(data):
        element = _element(data, position, len(data), order, is_top=True)
        if element.kind == _COMPRESSED:
            unpacked = _unpacked(data[element.start : element.stop])
            inner = _element(unpacked, 0, len(unpacked), order)
            if inner.kind != _MATRIX:
                raise ValueError("it compresses something that is no variable")
            _check_matrix(unpacked, inner, order, 0)
        elif element.kind == _MATRIX:
            _check_matrix(data, element, order, 0)
        else:
            raise ValueError(f"a variable is of the unknown type {element.kind}")
        position = element.following


def _unpacked(data: bytes) -> bytes:
    decompressor = zlib.decompressobj()
    try:
        unpacked = decompressor.decompress(data, _MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"a variable cannot be unpacked: {error}") from error
    if not decompressor.eof:
        raise ValueError("a variable is torn, or larger than any dataset's")
    return unpacked


def _element(
    data: bytes, position: int, end: int, order: str, is_top: bool = False
) -> _Element:
    if position + 8 > end:
        raise ValueError("it ends in the middle of a variable")
    word, size = struct.unpack_from(f"{order}II", data, position)
    if word >> 16:  # a small element: type, length and up to four bytes in one
        kind, size = word & 0xFFFF, word >> 16
        if size > 4:
            raise ValueError("a small element is too long")
        return _Element(kind, position + 4, position + 4 + size, position + 8)
    start, stop = position + 8, position + 8 + size
    if stop > end:
        raise ValueError("an element reaches beyond the end")
    # Elements are padded to 8 bytes, but for what is compressed.
    is_padded = not (is_top and word == _COMPRESSED)
    following = stop + (-size % 8 if is_padded else 0)
    return _Element(word, start, stop, min(following, end))


def _check_matrix(data: bytes, matrix: _Element, order: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError("its variables lie too deep in each other")
    if matrix.start == matrix.stop:
        return  # an empty cell
    position, end = matrix.start, matrix.stop

    def take(*kinds: int) -> _Element:
        nonlocal position
        element = _element(data, position, end, order)
        if element.kind not in kinds:
            raise ValueError(f"an element has the type {element.kind}, not {kinds[0]}")
        position = element.following
        return element

    flags = take(_UINT32)
    if flags.stop - flags.start != 8:
        raise ValueError("a variable has no flags")
    (word,) = struct.unpack_from(f"{order}I", data, flags.start)
    mat_class, is_complex = word & 0xFF, bool(word >> 8 & _COMPLEX)
    lengths = take(_INT32)
    num_lengths = (lengths.stop - lengths.start) // 4
    shape = struct.unpack_from(f"{order}{num_lengths}i", data, lengths.start)
    if not 2 <= num_lengths <= 8 or min(shape) < 0:
        raise ValueError("a variable has no shape")
    take(_INT8, _UTF8)  # its name
    count = math.prod(shape)
    if mat_class in (_STRUCT, _OBJECT):
        if mat_class == _OBJECT:
            take(_INT8)
        count *= _num_fields(data, take, order)
    if mat_class in (_CELL, _STRUCT, _OBJECT):
        if count * 8 > end - position:
            raise ValueError("it has fewer cells than it says")
        for _ in range(count):
            _check_matrix(data, take(_MATRIX), order, depth + 1)
    elif mat_class == _SPARSE:
        for _ in range(3 + is_complex):
            take(*_NUMBERS)
    elif mat_class == _CHAR:
        take(*_TEXT)
    elif mat_class in _NUMERIC:
        for _ in range(1 + is_complex):
            take(*_NUMBERS)
    else:
        raise ValueError(f"a variable is of the class {mat_class}, which is no data")


def _num_fields(data: bytes, take, order: str) -> int:
    length_element = take(_INT32)
    if length_element.stop - length_element.start != 4:
        raise ValueError("a structure does not say how long its names are")
    (length,) = struct.unpack_from(f"{order}i", data, length_element.start)
    names = take(_INT8)
    size = names.stop - names.start
    if not 0 < length <= 64 or size % length:
        raise ValueError("a structure has no names for its fields")
    return size // length
