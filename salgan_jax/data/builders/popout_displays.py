"""Displays of visual search experiments: one odd item among many that are alike.

After Treisman & Gelade 1980, "A feature-integration theory of attention": an item that
is unique in colour, orientation or size is looked at first, wherever it is. Here items
lie on a jittered grid over a textured background and any place of the grid may hold the
odd one, so that a map that only knows the centre of images is of no use.

As in most such experiments, what is odd stays the same: a warm colour among cold ones,
a flat bar among upright ones, a large item among small ones. A small network learns
that in minutes, which oddity in itself would not allow.
"""

import colorsys
from typing import NamedTuple

import numpy as np
import scipy.ndimage

from salgan_jax.data import fixations

FEATURES = ("colour", "orientation", "size")
HEIGHT, WIDTH = 120, 160
SIGMA_PX = 10.0  # of the density map
_GRIDS = ((3, 4), (3, 5), (4, 4), (4, 5))  # rows, columns
_LONGEST_PX = 24.0  # of all items, the odd ones included
_NUM_OBSERVERS = 12
_MISSES = 0.2  # share of fixations that rest on a distractor
_SCATTER_PX = 3.0  # standard deviation of a fixation around the item it rests on


class Item(NamedTuple):
    """A rounded bar, or a disc where length equals thickness."""

    x: float
    y: float
    length: float
    thickness: float
    angle: float  # radians
    colour: tuple[float, float, float]  # RGB in 0..255


class Display(NamedTuple):
    """A picture, what is odd in it, and where the simulated observers looked."""

    image: np.ndarray  # uint8 [HEIGHT, WIDTH, 3]
    density_map: np.ndarray  # float32 [HEIGHT, WIDTH]: the odd item, blurred
    fixations: np.ndarray  # float32 [N, 2]: (x, y) in pixels, 0-based
    observers: np.ndarray  # int32 [N]
    feature: str  # of FEATURES: what sets the odd item apart
    target: Item


def make_display(seed: tuple[int, ...]) -> Display:
    """Returns the display of a seed: the same seed gives the same display."""
    random = np.random.default_rng(seed)
    feature = str(random.choice(FEATURES))
    target, distractors = _items(random, feature)
    image = _background(random)
    for item in (target, *distractors):
        window = _window(item)
        cover = coverage(item)[window][..., None]
        image[window] += cover * (np.array(item.colour) - image[window])
    points, observers = _observe(random, target, distractors)
    return Display(
        image=np.clip(np.rint(image), 0, 255).astype(np.uint8),
        density_map=fixations.blurred(coverage(target), sigma_px=SIGMA_PX),
        fixations=points,
        observers=observers,
        feature=feature,
        target=target,
    )


def coverage(item: Item) -> np.ndarray:
    """Returns the share of each pixel that an item covers, float [HEIGHT, WIDTH]."""
    cover = np.zeros((HEIGHT, WIDTH))
    rows, columns = window = _window(item)
    y, x = np.ogrid[rows, columns]
    # Pixel centres lie at half coordinates; u runs along the bar, v across it.
    dx, dy = x + 0.5 - item.x, y + 0.5 - item.y
    u = dx * np.cos(item.angle) + dy * np.sin(item.angle)
    v = dy * np.cos(item.angle) - dx * np.sin(item.angle)
    beyond_the_axis = np.maximum(np.abs(u) - (item.length - item.thickness) / 2, 0)
    distance = np.hypot(beyond_the_axis, v) - item.thickness / 2
    cover[window] = np.clip(0.5 - distance, 0, 1)
    return cover


def _window(item: Item) -> tuple[slice, slice]:
    """Returns the rows and columns outside of which an item covers nothing."""
    reach = item.length / 2 + 1
    top, left = max(0, int(item.y - reach)), max(0, int(item.x - reach))
    bottom, right = int(item.y + reach) + 1, int(item.x + reach) + 1
    return slice(top, min(bottom, HEIGHT)), slice(left, min(right, WIDTH))


def _items(random: np.random.Generator, feature: str) -> tuple[Item, list[Item]]:
    """Returns the odd item and the others, each at its own place of the grid."""
    places = random.permutation(_places(random))
    hue, angle = random.uniform(0.35, 0.68), np.pi / 2 + random.uniform(-0.4, 0.4)
    length, thickness = random.choice([(12.0, 12.0), (18.0, 7.0)])
    odd_hue, odd_angle, odd_scale = hue, angle, 1.0
    if feature == "colour":
        odd_hue = random.uniform(-0.08, 0.1)
    elif feature == "orientation":
        length, thickness = 20.0, 7.0
        odd_angle = random.uniform(-0.4, 0.4)
    else:
        length, thickness = random.choice([(11.0, 11.0), (13.0, 5.5)])
        odd_scale = random.uniform(1.7, 1.8)
    target = Item(
        *places[0],
        length=length * odd_scale,
        thickness=thickness * odd_scale,
        angle=odd_angle,
        colour=_colour(odd_hue),
    )
    distractors = [
        Item(x, y, length, thickness, angle + random.normal(0, 0.05), _colour(hue))
        for x, y in places[1:]
    ]
    return target, distractors


def _places(random: np.random.Generator) -> np.ndarray:
    """Returns the centres of a jittered grid over the whole image, [N, 2] (x, y)."""
    rows, columns = _GRIDS[random.integers(len(_GRIDS))]
    x, y = np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5)
    cell = np.array([WIDTH / columns, HEIGHT / rows])
    # As far as neighbours of any length do not touch.
    jitter = random.uniform(-0.5, 0.5, size=(rows * columns, 2)) * (cell - _LONGEST_PX)
    return np.stack([x.ravel(), y.ravel()], axis=1) * cell + jitter


def _colour(hue: float) -> tuple[float, float, float]:
    """Returns a vivid colour, RGB in 0..255."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, 0.75, 1.0)
    return 255 * red, 255 * green, 255 * blue


def _background(random: np.random.Generator) -> np.ndarray:
    """Returns a dark texture of coarse and fine noise, float [HEIGHT, WIDTH, 3]."""
    shade = random.uniform(25, 75)
    texture = np.full((HEIGHT, WIDTH), shade)
    for scale_px, amplitude in ((12.0, 8.0), (1.0, 8.0)):
        noise = random.standard_normal((HEIGHT, WIDTH))
        noise = scipy.ndimage.gaussian_filter(noise, scale_px, mode="reflect")
        texture += amplitude * noise / noise.std()
    tint = random.uniform(0.85, 1.15, size=3)
    return texture[..., None] * tint


def _observe(
    random: np.random.Generator, target: Item, distractors: list[Item]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the fixations [N, 2] of all observers and whose they are [N]."""
    counts = random.integers(2, 4, size=_NUM_OBSERVERS)
    observers = np.repeat(np.arange(_NUM_OBSERVERS), counts).astype(np.int32)
    centres = np.array([(item.x, item.y) for item in distractors])
    centres = centres[random.integers(len(centres), size=len(observers))]
    misses = random.uniform(size=len(observers)) < _MISSES
    centres = np.where(misses[:, None], centres, (target.x, target.y))
    points = centres + random.normal(0, _SCATTER_PX, size=centres.shape)
    border = np.nextafter(np.array([WIDTH, HEIGHT], np.float32), np.float32(0))
    return np.clip(points.astype(np.float32), 0, border), observers
