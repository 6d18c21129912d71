"""What each field means: the comments of `config.py`, with the values of a config.

They are read from the source, so that there is one text and it stands beside the value.
"""

import ast
import inspect
import io
import re
import textwrap
import tokenize
from typing import NamedTuple

from ml_collections import ConfigDict

from salgan_jax import config as config_module
from salgan_jax import fields, limits

_WIDTH = 88  # of a line
_UNIT = re.compile(r"\s*\[([^\]]*)\]")
_SOURCE = re.compile(r"\s*\(from ([^()]*)\)")
_HEAD = """\
{title}: every field with its value here. Change one with --config.FIELD=VALUE.
* differs from the default, which is SalGAN as published. Sec., Table and Fig. are those
of Pan et al. 2017, arXiv:1701.01081v3; what has no source is our choice."""


class Words(NamedTuple):
    """What is said of a field or of a section.

    Attributes:
        comment: what it is.
        unit: of its value, or "".
        source: where the value of the default is from, or "".
    """

    comment: str
    unit: str
    source: str


def words() -> dict[str, Words]:
    """Returns what `config.py` says of each section and field, in its order."""
    source = inspect.getsource(config_module)
    comments = _comments(source)
    functions = {
        node.name: node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    }
    return _of_function("default", "", functions, comments)


def describe(config: ConfigDict, title: str) -> str:
    """Returns all fields of a config as text, a paragraph each.

    Args:
        config: of the same fields as the default.
        title: what the config is called.
    """
    values = fields.flat(config.to_dict())
    defaults = fields.flat(config_module.default().to_dict())
    paragraphs = [_HEAD.format(title=title)]
    for name, said in words().items():
        if name in values:
            paragraphs.append(_paragraph(name, said, values[name], defaults[name]))
        else:
            paragraphs.append(f"== {name}: {said.comment} ==")
    return "\n\n".join(paragraphs)


def _paragraph(name: str, said: Words, value: object, default: object) -> str:
    is_changed = value != default
    mark, was = ("*", f"   (default {default!r})") if is_changed else (" ", "")
    facts = [
        f"unit: {said.unit}" if said.unit else "",
        _accepted(name),
        f"source: {said.source}" if said.source else "",
    ]
    first = f"{mark} config.{name}={value!r}"
    lines = [
        *([first + was] if len(first + was) <= _WIDTH else [first, was.strip()]),
        *textwrap.wrap(said.comment, _WIDTH - 6),
        *textwrap.wrap("; ".join(filter(None, facts)), _WIDTH - 6),
    ]
    return "\n      ".join(lines)


def _accepted(name: str) -> str:
    if name in limits.CHOICES:
        return f"one of {', '.join(map(repr, limits.CHOICES[name]))}"
    if name in limits.MINIMA:
        return f"{limits.MINIMA[name]} or more"
    return ""


def _of_function(
    function: str,
    prefix: str,
    functions: dict[str, ast.FunctionDef],
    comments: dict[int, tuple[str, bool]],
) -> dict[str, Words]:
    """The words for what a function assigns to fields of what it returns."""
    found = {}
    for node in functions[function].body:
        if not isinstance(node, ast.Assign):
            continue
        _, _, name = ast.unparse(node.targets[0]).partition(".")
        if not name:  # the config itself
            continue
        found[prefix + name] = _words_at(node, comments)
        if isinstance(node.value, ast.Call):
            maker = ast.unparse(node.value.func)
            if maker in functions:
                inner = f"{prefix}{name}."
                found |= _of_function(maker, inner, functions, comments)
    return found


def _words_at(node: ast.Assign, comments: dict[int, tuple[str, bool]]) -> Words:
    """The comment lines right above a statement and the comment beside it."""
    texts = []
    line = node.lineno - 1
    while line in comments and comments[line][1]:
        texts.insert(0, comments[line][0])
        line -= 1
    for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
        if line in comments:
            texts.append(comments[line][0])
    text = " ".join(texts)
    unit, source = _UNIT.search(text), _SOURCE.search(text)
    return Words(
        comment=_SOURCE.sub("", _UNIT.sub("", text)).strip(),
        unit=unit[1] if unit else "",
        source=source[1] if source else "",
    )


def _comments(source: str) -> dict[int, tuple[str, bool]]:
    """Line number -> the comment there, and whether it has the line to itself."""
    return {
        token.start[0]: (
            token.string.lstrip("# "),
            token.line.lstrip().startswith("#"),
        )
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
