"""From a saliency map to a probability density: blur, centre bias and temperature.

What a benchmark rewards beyond the map itself. All three can be fitted to a validation
split, where they are to make its fixations as likely as possible.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.ndimage
import scipy.optimize

from salgan_jax.data import images
from salgan_jax.evaluation.baseline_predictors import Predict, Scored
from salgan_jax.metrics import kernel_density

_FLOOR = 1e-6  # of a map's values, relative to its largest: what is zero stays possible
# Where the search starts: temperature 1 and centre bias 0.12, and two steps away.
_START = np.array([[0.0, -2.0], [0.7, -2.0], [0.0, 0.0]])
_BLURS = (0.0, 0.005, 0.01, 0.02, 0.04)  # tried, in widths of the image


class Calibration(NamedTuple):
    """How a saliency map becomes a density.

    density = (1 - centre_bias) * normalised(blurred(map) ** (1 / temperature))
              + centre_bias * prior

    Attributes:
        blur: sigma of a Gaussian, in widths of the image; 0: none.
        centre_bias: share of the centre prior, from 0 to 1.
        temperature: above 1 flattens the map, below 1 sharpens it.
    """

    blur: float = 0.0
    centre_bias: float = 0.0
    temperature: float = 1.0


class Fitted(NamedTuple):
    """A calibration and what it is worth on the images it was fitted to.

    Attributes:
        calibration: the best one.
        gain_before, gain_after: information gain over the uniform map, in bits per
            fixation, without and with it.
        num_images: that it was fitted to.
    """

    calibration: Calibration
    gain_before: float
    gain_after: float
    num_images: int


def density(
    saliency_map: np.ndarray, prior: np.ndarray, calibration: Calibration
) -> np.ndarray:
    """Returns the density, float64 [H, W] of sum 1 and above 0 everywhere.

    Args:
        saliency_map: [H, W], not negative.
        prior: [H, W] of sum 1.
        calibration: to apply.
    """
    values = saliency_map.astype(np.float64)
    if calibration.blur:
        sigma_px = calibration.blur * values.shape[1]
        values = scipy.ndimage.gaussian_filter(values, sigma_px, mode="nearest")
    return _mixed(values, prior, calibration.temperature, calibration.centre_bias)


def fit(predict: Predict, prior: Predict, some: Sequence[Scored]) -> Fitted:
    """Returns the calibration that makes the fixations of some images most likely.

    The likelihood is computed on a grid of 96 x 128 cells.

    Raises:
        ValueError: none of the images has fixations.
    """
    chosen = [record for record in some if len(record.fixations)]
    if not chosen:
        raise ValueError("no image has fixations to fit to")
    height, width = kernel_density.GRID

    def on_grid(maps: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(
            [images.resize_map(m, height=height, width=width) for m in maps]
        )

    maps = on_grid([predict([record])[0] for record in chosen])
    priors = on_grid([prior([record])[0] for record in chosen])
    priors = priors / priors.sum(axis=(1, 2), keepdims=True)
    cells = np.stack(
        [
            kernel_density.histogram(r.fixations, height=r.size[0], width=r.size[1])
            for r in chosen
        ]
    )
    shares = cells / cells.sum(axis=(1, 2), keepdims=True) / len(chosen)

    def gain(blurred: np.ndarray, temperature: float, centre_bias: float) -> float:
        mixed = _mixed(blurred, priors, temperature, centre_bias)
        return float((shares * np.log2(mixed * height * width)).sum())

    best, before = (-np.inf, Calibration()), gain(maps, 1.0, 0.0)
    for blur in _BLURS:
        sigma = (0, blur * width, blur * width)
        blurred = scipy.ndimage.gaussian_filter(maps, sigma, mode="nearest")
        result = scipy.optimize.minimize(
            lambda x, blurred=blurred: -gain(blurred, *_from_unbounded(x)),
            x0=_START[0],
            method="Nelder-Mead",
            options={"initial_simplex": _START, "xatol": 1e-2, "fatol": 1e-4},
        )
        temperature, centre_bias = _from_unbounded(result.x)
        best = max(best, (-result.fun, Calibration(blur, centre_bias, temperature)))
    return Fitted(best[1], before, float(best[0]), len(chosen))


def _from_unbounded(x: np.ndarray) -> tuple[float, float]:
    """Returns temperature and centre bias of two numbers that may be anything."""
    return float(np.exp(x[0])), float(1 / (1 + np.exp(-x[1])))


def _mixed(
    maps: np.ndarray, priors: np.ndarray, temperature: float, centre_bias: float
) -> np.ndarray:
    """Returns the densities of blurred maps [..., H, W]."""
    axes = (-2, -1)
    largest = maps.max(axis=axes, keepdims=True)
    relative = np.maximum(maps / np.where(largest > 0, largest, 1.0), _FLOOR)
    sharpened = relative ** (1 / temperature)
    sharpened = sharpened / sharpened.sum(axis=axes, keepdims=True)
    return (1 - centre_bias) * sharpened + centre_bias * priors
