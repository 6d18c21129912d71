"""The fixations in raw eye samples, found as the publishers of MIT1003 find them.

A re-implementation of `checkFixations.m` (B. Hidalgo-Sotelo 2006), which the publishers
give in DatabaseCode.zip, with its default settings: a saccade begins where the eye
speeds up and ends where it has braked, and between two saccades is a fixation.
"""

import numpy as np

# Settings of checkFixations.m, at 240 samples a second and 34 pixels to a degree.
_SMOOTHED = 4  # samples over which steps are averaged
_WINDOW = 5  # samples whose steps make up a speed
_WINDOWS_PER_SECOND = 60.0  # the code divides the sum of 5 steps by the time of 4
_CRITICAL = 34.0 * 6.0  # change of speed from one sample to the next, in pixels/s
_SHORTEST_RUN = 3  # samples that speed up
_LONGEST_SEARCH = 24  # samples after the first in which the eye may brake
_TOO_SHORT = 12  # samples, 50 ms: no fixation, but a part of the saccade


def find_fixations(samples: np.ndarray) -> np.ndarray:
    """Returns where each fixation was, its median, float64 [F, 2], in order of time.

    The first is the one with which the trial began. Samples that are not a number are
    left out of the medians; without any other, so is the median.

    Args:
      samples: (x, y) of the eye at 240 Hz, float [N, 2], in pixels.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        starts, ends = _saccades(_acceleration(samples))
    firsts = [0, *(ends + 1)]
    lasts = [*(starts - 1), len(samples) - 1]
    return np.array(
        [
            [_median(samples[first : last + 1, axis]) for axis in (0, 1)]
            for first, last in zip(firsts, lasts, strict=True)
            if first < len(samples) or first == 0
        ]
    )


def _acceleration(samples: np.ndarray) -> np.ndarray:
    """Returns the change of speed at each sample, in pixels/s; 0 near both ends."""
    acceleration = np.zeros(len(samples))
    if len(samples) <= _WINDOW + 1:
        return acceleration
    steps = np.hypot(*np.diff(samples, axis=0, prepend=samples[:1]).T)
    steps[0] = 0.0
    smooth = np.convolve(steps, np.full(_SMOOTHED, 1 / _SMOOTHED))[: len(steps)]
    windows = np.lib.stride_tricks.sliding_window_view(smooth, _WINDOW)
    speed = windows.sum(axis=1) * _WINDOWS_PER_SECOND
    acceleration[1:-_WINDOW] = np.diff(speed)[1:]
    return acceleration


def _saccades(acceleration: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first and the last sample of each saccade, int64 [S] and [S]."""
    num_samples = len(acceleration)
    speeds_up = np.flatnonzero(acceleration > _CRITICAL)
    runs = np.split(speeds_up, np.flatnonzero(np.diff(speeds_up) > 1) + 1)
    runs = [run for run in runs if len(run) >= _SHORTEST_RUN]
    found = []
    for run in runs:
        end = _end_of_braking(acceleration, int(run[-1]) + 1)
        is_last_movement = run[-1] == np.flatnonzero(acceleration)[-1]
        if end is None and len(runs) == 1 and is_last_movement:
            end = num_samples - 1  # the trial ended during the saccade
        if end is not None:
            found.append((int(run[0]), end))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    starts, ends = np.array(found).T
    is_fixation = starts[1:] - ends[:-1] > _TOO_SHORT
    starts = starts[np.append(True, is_fixation)]
    ends = ends[np.append(is_fixation, True)]
    if num_samples - 1 - ends[-1] <= _TOO_SHORT:
        ends[-1] = num_samples - 1
    return starts, ends


def _end_of_braking(acceleration: np.ndarray, first: int) -> int | None:
    """Returns the last sample that brakes, None where none does soon after `first`."""
    brakes = acceleration < -_CRITICAL
    count = 1 + min(_LONGEST_SEARCH, len(acceleration) - 3 - first)
    ends = brakes[first : first + count] & ~brakes[first + 1 : first + count + 1]
    return first + int(ends.argmax()) if ends.any() else None


def _median(values: np.ndarray) -> float:
    numbers = values[~np.isnan(values)]
    return float(np.median(numbers)) if len(numbers) else float("nan")
