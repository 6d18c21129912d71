"""Lasagne's model zoo: a Python 2 pickle of a dictionary with "param values".

Not checked against the real vgg16.pkl, which is no longer where it was published, but
against files that Python 2's protocol and NumPy's own pickles make.
"""

from collections.abc import Callable
from typing import Any

from salgan_jax.weights import inert_pickle
from salgan_jax.weights.stored import (
    FLOATS,
    Stored,
    check_shape,
    from_bytes,
    unreadable,
)


def read(path: str) -> dict[str, Stored]:
    """Returns the arrays of a list in a pickle, called arr_0, arr_1 and so on.

    Raises:
        UserError: the file is broken, or holds something else than arrays.
    """
    try:
        with open(path, "rb") as file:
            loaded = inert_pickle.load(file, _KNOWN)
        values = loaded["param values"] if isinstance(loaded, dict) else loaded
        if not isinstance(values, list) or not values:
            raise ValueError('it holds no list of arrays under "param values"')
        return {f"arr_{i}": _stored(path, value) for i, value in enumerate(values)}
    except (*inert_pickle.ERRORS, OSError) as error:
        raise unreadable(path, error) from error


class _Array:
    """What a pickle says of an array; its bytes are not looked at."""

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        """Notes (version, shape, type, is Fortran order, bytes)."""
        self.state = state


class _Type:
    """What a pickle says of an array's type."""

    __slots__ = ("name", "order")

    def __init__(self, name: Any) -> None:
        self.name, self.order = name, "<"

    def __setstate__(self, state: Any) -> None:
        """Notes the byte order: (version, order, ...)."""
        self.order = state[1]


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _type(name: Any, *_: Any) -> _Type:
    return _Type(name)


def _encode(text: Any, encoding: Any) -> bytes:
    """Python 3 writes bytes for protocol 2 as text to be encoded."""
    if not isinstance(text, str) or encoding != "latin1":
        raise ValueError("its bytes are no bytes")
    return text.encode("latin1")


def _ndarray(*_: Any) -> Any:
    raise ValueError("an array is made in a way that NumPy does not")


_KNOWN: dict[str, Callable[..., Any]] = {
    "numpy.core.multiarray._reconstruct": _reconstruct,
    "numpy._core.multiarray._reconstruct": _reconstruct,
    "numpy.ndarray": _ndarray,
    "numpy.dtype": _type,
    "_codecs.encode": _encode,
}


def _stored(path: str, value: Any) -> Stored:
    if not isinstance(value, _Array) or not isinstance(value.state, tuple):
        raise ValueError("its list holds something that is no array")
    _, shape, kind, is_fortran, data = value.state
    shape = check_shape(shape)
    names = {f"f{size}": size for size in FLOATS.values()}
    if not isinstance(kind, _Type) or kind.name not in names or kind.order not in "<>|":
        raise ValueError("an array is not of floats")
    raw = data.encode("latin1") if isinstance(data, str) else data
    if not isinstance(raw, bytes):
        raise ValueError("an array has no bytes")
    order = kind.order.replace("|", "<")
    stored_shape = tuple(reversed(shape)) if is_fortran else shape
    array = from_bytes(raw, f"{order}{kind.name}", stored_shape)
    array = array.T if is_fortran else array
    return Stored(shape, lambda: array)
