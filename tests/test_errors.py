"""Messages name the first of many, and how many there are besides."""

import doctest

from salgan_jax import errors, fields


def test_the_examples_in_the_docstrings_are_right():
    results = doctest.testmod(fields)
    assert results.attempted == 2 and results.failed == 0
    results = doctest.testmod(errors)
    assert results.attempted == 3 and results.failed == 0


def test_few_names_are_all_listed():
    assert errors.listed([]) == ""
    assert errors.listed(list("abcde")) == "a, b, c, d, e"
    assert errors.listed(list("abcdefg")) == "a, b, c, d, e and 2 more"


def test_what_no_terminal_shows_is_escaped():
    assert errors.printable("Zürich, 東京.jpg") == "Zürich, 東京.jpg"
    name = "a\nb\t\x1b[2J\u202e\udcff\ud800.jpg"
    shown = errors.printable(name)
    assert shown == r"a\nb\t\x1b[2J\u202e\xff\ud800.jpg"
    assert shown.isprintable() and shown.encode("ascii", "strict")
