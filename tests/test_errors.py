"""Messages name the first of many, and how many there are besides."""

import doctest

from salgan_jax import errors


def test_the_examples_in_the_docstrings_are_right():
    results = doctest.testmod(errors)
    assert results.attempted == 1 and results.failed == 0


def test_few_names_are_all_listed():
    assert errors.listed([]) == ""
    assert errors.listed(list("abcde")) == "a, b, c, d, e"
    assert errors.listed(list("abcdefg")) == "a, b, c, d, e and 2 more"
