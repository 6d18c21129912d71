"""Fields of a config by their full names, `losses.alpha`: listed, found, and parsed."""

import ast
import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from salgan_jax.errors import UserError, did_you_mean

_TRUE, _FALSE = ("true", "t", "1"), ("false", "f", "0")  # as absl's flags


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns full name -> value of nested mappings.

    >>> flat({"seed": 0, "losses": {"alpha": 0.005}})
    {'seed': 0, 'losses.alpha': 0.005}
    """
    found = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Returns the full name that was probably meant, if any.

    A right last part counts more than a right section.

    >>> nearest("loss.alpha", ["seed", "losses.alpha", "data.fold"])
    'losses.alpha'
    """
    known = list(known)
    last = name.rpartition(".")[2]
    namesakes = [each for each in known if each.rpartition(".")[2] == last]
    if namesakes:
        return difflib.get_close_matches(name, namesakes, n=1, cutoff=0)[0]
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return close[0]
    of_last = {each.rpartition(".")[2]: each for each in reversed(known)}
    close = difflib.get_close_matches(last, of_last, n=1, cutoff=0.75)
    return of_last[close[0]] if close else None


def parse(field: str, text: str, like: Any) -> Any:
    """Returns what a text says for a field, of the kind of the value it has now.

    Args:
        field: its full name, for the message.
        text: as after `--config.FIELD=`.
        like: a value of that field: bool, int, float, str or tuple.

    Raises:
        UserError: it is of another kind.
    """
    try:
        if isinstance(like, bool):
            return _parse_bool(text)
        if isinstance(like, tuple):
            return _parse_tuple(text)
        return type(like)(text)
    except (ValueError, SyntaxError):
        hint = did_you_mean(text, ("true", "false")) if isinstance(like, bool) else ""
        raise UserError(
            f"config.{field} is {text!r}: it must be {_kind(like)}, like {like!r}{hint}"
        ) from None


def _parse_bool(text: str) -> bool:
    if text.lower() not in (*_TRUE, *_FALSE):
        raise ValueError(text)
    return text.lower() in _TRUE


def _parse_tuple(text: str) -> tuple:
    value = ast.literal_eval(text)
    if not isinstance(value, tuple | list):
        raise ValueError(text)
    return tuple(value)


def _kind(like: Any) -> str:
    kinds = {bool: "true or false", int: "a whole number", float: "a number"}
    return kinds.get(type(like), "several values in brackets")
