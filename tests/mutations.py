"""Broken copies of a file: what a fuzz test feeds to a reader."""

import numpy as np


def mutated(data: bytes, count: int, seed: int = 0):
    """Yields `count` broken copies of some bytes, each from a seed of its own."""
    for i in range(count):
        random = np.random.default_rng((seed, i))
        copy = bytearray(data)
        for _ in range(random.integers(1, 4)):
            _MUTATIONS[random.integers(len(_MUTATIONS))](random, copy)
        yield bytes(copy)


def _flip_bits(random, data):
    for _ in range(random.integers(1, 9)):
        if data:
            data[random.integers(len(data))] ^= 1 << random.integers(8)


def _truncate(random, data):
    del data[random.integers(len(data) + 1) :]


def _insert(random, data):
    place = random.integers(len(data) + 1)
    data[place:place] = random.bytes(random.integers(1, 20))


def _remove(random, data):
    place = random.integers(len(data) + 1)
    del data[place : place + random.integers(1, 40)]


def _overwrite(random, data):
    """Zeros, ones or a huge number where a length or a shape may stand."""
    place = random.integers(len(data) + 1)
    value = [b"\x00", b"\xff", b"\x7f", b"\x80"][random.integers(4)]
    data[place : place + 4] = value * random.choice([1, 4, 8])


def _duplicate(random, data):
    first, second = sorted(random.integers(0, len(data) + 1, 2))
    data[second:second] = data[first : min(second, first + 200)]


def _swap_ends(random, data):
    middle = random.integers(len(data) + 1)
    data[:] = data[middle:] + data[:middle]


_MUTATIONS = [
    _flip_bits,
    _flip_bits,
    _truncate,
    _insert,
    _remove,
    _overwrite,
    _overwrite,
    _duplicate,
    _swap_ends,
]
