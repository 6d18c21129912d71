"""The one error that says: this can be mended by whoever typed the command."""

import difflib
from collections.abc import Iterable, Sequence

_MOST_KNOWN = 12


class UserError(ValueError):
    """A mistake of the user, in one line: what was given, what is accepted, what to do.

    The launch scripts print the line and exit with code 2. Every other exception is a
    bug and keeps its traceback.
    """


def listed(names: Sequence[str], *, most: int = 5) -> str:
    """Returns names for a message, and how many there are besides.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def chosen(name: str, known: Iterable[str], what: str) -> str:
    """Returns the name if it is one of those known.

    >>> chosen("pgn", ["png", "npy"], "format")
    Traceback (most recent call last):
    salgan_jax.errors.UserError: format='pgn': known: png, npy; did you mean png?

    Raises:
        UserError: it is not; says which come close.
    """
    known = list(known)
    if name in known:
        return name
    shown = listed(known, most=_MOST_KNOWN)
    raise UserError(f"{what}={name!r}: known: {shown}{did_you_mean(name, known)}")


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Returns the end of a message: the known name that is most like what was given.

    It is empty where none is.

    >>> did_you_mean("bot", ["alternate", "both"])
    '; did you mean both?'
    """
    close = difflib.get_close_matches(given, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def printable(text: str) -> str:
    r"""Returns a text in one line that any terminal shows, whatever a file is called.

    Escaped are line breaks, control characters and bytes of a name that are no text.

    >>> print(printable("a\nb\udcff.jpg"))
    a\nb\xff.jpg
    """
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # how Python spells such a byte
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
