import numpy as np
import pytest

from salgan_jax.salient_points import SalientPoint, salient_points


def points(rows, count=10, min_distance=0.0):
    saliency_map = np.array(rows, np.float32)
    found = salient_points(saliency_map, count=count, min_distance=min_distance)
    return [(point.x, point.y, round(point.value, 3)) for point in found]


TWO_HILLS = [
    [0.1, 0.2, 0.1, 0.0, 0.0],
    [0.2, 0.5, 0.1, 0.0, 0.3],
    [0.1, 0.2, 0.1, 0.0, 0.9],
]


def test_peaks_come_in_the_order_of_their_height_with_x_before_y():
    assert points(TWO_HILLS) == [(4, 2, 0.9), (1, 1, 0.5)]


def test_a_point_is_made_of_plain_numbers():
    (point, _) = salient_points(np.array(TWO_HILLS), count=2, min_distance=0)
    assert point == SalientPoint(x=4, y=2, value=0.9)
    assert [type(part) for part in point] == [int, int, float]


def test_no_more_points_than_asked_for():
    assert points(TWO_HILLS, count=1) == [(4, 2, 0.9)]
    assert points(TWO_HILLS, count=0) == []


def test_a_lower_peak_within_the_distance_of_a_higher_one_is_inhibited():
    # The diagonal is 5.83 pixels, the two are 3.16 apart, which is 0.5423 of it.
    assert points(TWO_HILLS, min_distance=0.542) == [(4, 2, 0.9), (1, 1, 0.5)]
    assert points(TWO_HILLS, min_distance=0.543) == [(4, 2, 0.9)]


def test_what_was_inhibited_inhibits_nothing_itself():
    chain = [[9, 0, 8, 0, 7, 0]]  # the diagonal is 6.08: three pixels are 0.493 of it
    assert points(chain, min_distance=0.45) == [(0, 0, 9), (4, 0, 7)]


def test_the_slope_at_the_rim_of_what_is_inhibited_never_wins():
    column = np.arange(100, dtype=np.float32)
    assert points([column, column], min_distance=0.1) == [(99, 0, 99.0)]


def test_a_plateau_is_one_peak_at_its_centre():
    plateau = [[0, 0, 0, 0, 0], [0, 7, 7, 7, 0], [0, 7, 7, 7, 0], [0, 7, 7, 7, 0]]
    assert points(plateau) == [(2, 2, 7)]


def test_the_point_of_a_ring_is_on_the_ring():
    ring = [[0, 0, 0, 0, 0], [0, 7, 7, 7, 0], [0, 7, 3, 7, 0], [0, 7, 7, 7, 0]]
    assert points(ring) == [(2, 1, 7)]


def test_a_plateau_that_a_higher_pixel_touches_is_no_peak():
    assert points([[5, 5, 5, 5, 6]]) == [(4, 0, 6)]
    # The far end has no higher neighbour, and is a step of a stair all the same.
    assert points([[1, 5, 5, 5], [1, 1, 1, 6]]) == [(3, 1, 6)]


def test_peaks_of_one_height_go_from_the_top_and_from_the_left():
    assert points([[0, 0, 4], [0, 0, 0], [4, 0, 4]]) == [
        (2, 0, 4),
        (0, 2, 4),
        (2, 2, 4),
    ]


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 4)])
@pytest.mark.parametrize("value", [0.0, 0.5])
def test_a_map_of_equal_pixels_has_no_peak(shape, value):
    assert points(np.full(shape, value)) == []


def test_the_map_is_left_as_it_was():
    saliency_map = np.array(TWO_HILLS, np.float32)
    salient_points(saliency_map, count=3, min_distance=0.1)
    assert (saliency_map == np.array(TWO_HILLS, np.float32)).all()


def test_points_of_noise_are_those_of_a_search_pixel_by_pixel():
    random = np.random.default_rng(0)
    for _ in range(20):
        saliency_map = random.integers(0, 4, (7, 9)).astype(np.float32)
        found = salient_points(saliency_map, count=99, min_distance=0.2)
        assert [(p.x, p.y, p.value) for p in found] == _by_hand(saliency_map, 0.2)


def _by_hand(saliency_map, min_distance):
    """Floods every plateau; what no higher pixel touches is a peak."""
    height, width = saliency_map.shape
    peaks, seen = [], set()
    for start in np.ndindex(height, width):
        if start in seen:
            continue
        plateau, rim = {start}, set()
        waiting = [start]
        while waiting:
            y, x = waiting.pop()
            for there in [(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]:
                if not (0 <= there[0] < height and 0 <= there[1] < width):
                    continue
                if saliency_map[there] != saliency_map[start]:
                    rim.add(saliency_map[there])
                elif there not in plateau:
                    plateau.add(there)
                    waiting.append(there)
        seen |= plateau
        if rim and max(rim) < saliency_map[start]:
            middle = np.mean(sorted(plateau), axis=0)
            peaks.append(min(sorted(plateau), key=lambda p: np.hypot(*(p - middle))))
    peaks.sort(key=lambda p: (-saliency_map[p], p))
    radius = min_distance * np.hypot(height, width)
    kept = []
    for y, x in peaks:
        if all(np.hypot(y - b, x - a) >= radius for a, b, _ in kept):
            kept.append((x, y, saliency_map[y, x]))
    return kept


@pytest.mark.parametrize("min_distance", [-0.1, 1.1, float("nan")])
def test_a_distance_is_a_fraction(min_distance):
    with pytest.raises(ValueError, match="must be from 0 to 1"):
        salient_points(np.zeros((2, 2)), count=1, min_distance=min_distance)
