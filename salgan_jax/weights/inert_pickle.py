"""Reading pickles without executing them: arrays and containers, and nothing else.

A pickle is a program that may call any function. Here every opcode is looked at before
the first one runs, and every name it asks for is either one of a few that we answer
with inert recorders of our own, or an error.
"""

import io
import pickle
import pickletools
import warnings
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

# VGG-16 takes some two thousand; nesting as deep as there are opcodes stays harmless.
_MOST_OPCODES = 20_000
_ALLOWED_OPCODES = """
PROTO STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT BININT BININT1
BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE
BINUNICODE SHORT_BINUNICODE BINBYTES SHORT_BINBYTES EMPTY_LIST LIST APPEND
APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT DICT SETITEM SETITEMS
GET BINGET LONG_BINGET PUT BINPUT LONG_BINPUT MEMOIZE GLOBAL REDUCE BUILD PERSID
BINPERSID FRAME STACK_GLOBAL
"""
_ALLOWED = frozenset(_ALLOWED_OPCODES.split())

# What the machine of a pickle, or a recorder that it feeds nonsense, may raise.
ERRORS = (
    pickle.UnpicklingError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    EOFError,
    OverflowError,
    MemoryError,
    RecursionError,
    ImportError,
    Warning,
)


class Inert:
    """A function that a pickle may name; nothing can be attached to it."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        object.__setattr__(self, "_function", function)

    def __call__(self, *arguments: Any) -> Any:
        """Returns what the recorder makes of the arguments."""
        return self._function(*arguments)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuses, so that a BUILD opcode cannot change a recorder."""
        raise pickle.UnpicklingError("a recorder cannot be changed")

    def __setstate__(self, state: Any) -> None:
        """Refuses, so that a BUILD opcode cannot change a recorder."""
        raise pickle.UnpicklingError("a recorder cannot be changed")


def load(
    file: BinaryIO,
    known: Mapping[str, Callable[..., Any]],
    persistent_load: Callable[[Any], Any] | None = None,
) -> Any:
    """Returns the next pickle of a file and leaves the file behind it.

    Args:
        file: open in binary mode.
        known: recorders by the "module.name" that a pickle may ask for.
        persistent_load: makes an object of a persistent id; without it there are none.

    Raises:
        ERRORS: the pickle is broken, or asks for something else.
    """
    start = file.tell()
    with warnings.catch_warnings():
        # Text that a newer Python would not accept is refused by this one as well.
        warnings.simplefilter("error")
        _look(file)
        end = file.tell()
        file.seek(start)
        loaded = _Unpickler(file.read(end - start), known, persistent_load).load()
    file.seek(end)
    return loaded


def _look(file: BinaryIO) -> None:
    """Reads a pickle to its end without running it."""
    start = file.tell()
    bounded: Any = _Bounded(file)
    for count, (opcode, argument, position) in enumerate(pickletools.genops(bounded)):
        if opcode.name not in _ALLOWED:
            raise pickle.UnpicklingError(f"it has a pickle opcode {opcode.name}")
        if count > _MOST_OPCODES:
            raise pickle.UnpicklingError("its pickle is too long for a list of arrays")
        if "PUT" in opcode.name and int(str(argument)) > (position or 0) - start + 1:
            raise pickle.UnpicklingError(
                "its pickle numbers objects that are not there"
            )


class _Bounded:
    """A file that makes no room for more bytes than it has."""

    def __init__(self, file: BinaryIO) -> None:
        start = file.tell()
        self._file, self._size = file, file.seek(0, io.SEEK_END)
        file.seek(start)
        self.readline, self.tell = file.readline, file.tell

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, self._size - self._file.tell()))


class _Unpickler(pickle.Unpickler):
    def __init__(
        self,
        data: bytes,
        known: Mapping[str, Callable[..., Any]],
        persistent_load: Callable[[Any], Any] | None,
    ) -> None:
        super().__init__(io.BytesIO(data), encoding="latin1")
        self._known = known
        self._persistent_load = persistent_load

    def find_class(self, module: str, name: str) -> Any:
        wanted = f"{module}.{name}"
        if wanted not in self._known:
            raise pickle.UnpicklingError(
                f"its pickle asks for {wanted[:80]}, which is no array; nothing of it "
                "was executed"
            )
        return Inert(self._known[wanted])

    def persistent_load(self, pid: Any) -> Any:
        if self._persistent_load is None:
            raise pickle.UnpicklingError("its pickle refers to another file")
        return self._persistent_load(pid)
