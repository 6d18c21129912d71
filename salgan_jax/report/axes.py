"""The scales of a chart: ticks at round numbers, and where a value is drawn."""

import math
from typing import NamedTuple

WIDTH, HEIGHT = 360, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 8, 26


class Axes(NamedTuple):
    """The ranges of a chart that is `WIDTH` by `HEIGHT` units large."""

    last_step: float
    low: float
    high: float

    def x(self, step: float) -> float:
        """Returns where a step is drawn, from the left."""
        return LEFT + step / self.last_step * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Returns where a value is drawn, from the top; outside of the chart too."""
        height = HEIGHT - TOP - BOTTOM
        return TOP + (self.high - value) / (self.high - self.low) * height


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Returns round numbers between two, at most so many.

    >>> ticks(0, 1300, most=4)
    [0.0, 500.0, 1000.0]
    """
    power = 10 ** math.floor(math.log10(high - low))
    for distance in (power * factor for factor in (0.1, 0.2, 0.5, 1, 2, 5)):
        first, last = math.ceil(low / distance), math.floor(high / distance)
        if last - first < most:
            return [i * distance for i in range(first, last + 1)]
    raise AssertionError("a distance of half the range leaves three ticks at most")


def label(number: float) -> str:
    """Returns a number as an axis shows it.

    >>> [label(number) for number in (0.0, 0.25, 1300, 150_000)]
    ['0', '0.25', '1,300', '150k']
    """
    if abs(number) >= 10_000:
        return f"{number / 1000:g}k"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
