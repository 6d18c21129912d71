"""How often each thing is drawn with replacement, and means of what is drawn."""

import functools

import numpy as np

_RESAMPLES_AT_ONCE = 250  # bounds the memory for thousands of images


def ratio(totals: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Returns means, NaN of a draw in which there was no score."""
    missing = np.full(len(totals), np.nan)
    return np.divide(totals, numbers, out=missing, where=numbers > 0)


def products(counts: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Returns counts @ columns in float64, a part at a time."""
    return np.concatenate(
        [
            counts[start : start + _RESAMPLES_AT_ONCE].astype(np.float64) @ columns
            for start in range(0, len(counts), _RESAMPLES_AT_ONCE)
        ]
    )


# The same draws serve every metric and every pair of recipes.
@functools.lru_cache(maxsize=4)
def draws(number: int, num_resamples: int, seed: int) -> np.ndarray:
    """Returns how often each of `number` things is drawn, uint16 [resamples, number].

    As many are drawn, with replacement, as there are.
    """
    generator = np.random.default_rng(seed)
    counts = np.zeros((num_resamples, number), np.uint16)
    for start in range(0, num_resamples, _RESAMPLES_AT_ONCE):
        size = min(_RESAMPLES_AT_ONCE, num_resamples - start)
        drawn = generator.integers(number, size=(size, number))
        places = drawn + number * np.arange(size)[:, np.newaxis]
        found = np.bincount(places.ravel(), minlength=size * number)
        counts[start : start + size] = found.reshape(size, number)
    counts.flags.writeable = False
    return counts


@functools.lru_cache(maxsize=1)
def nested_draws(sizes: tuple[int, ...], num_resamples: int, seed: int) -> np.ndarray:
    """Returns how often each image is drawn, uint16 [resamples, images of all folds].

    As many folds are drawn as there are; each time as many images of it as it has.
    """
    generator = np.random.default_rng(seed)
    ends = np.cumsum(sizes)
    counts = np.zeros((num_resamples, ends[-1]), np.uint16)
    for row in counts:
        for fold in generator.integers(len(sizes), size=len(sizes)):
            drawn = generator.integers(sizes[fold], size=sizes[fold])
            part = row[ends[fold] - sizes[fold] : ends[fold]]
            part += np.bincount(drawn, minlength=sizes[fold]).astype(np.uint16)
    counts.flags.writeable = False
    return counts
