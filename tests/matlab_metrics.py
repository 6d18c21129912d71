"""The formulas of the MIT benchmark's MATLAB code in plain NumPy, without its noise.

github.com/cvzoya/saliency, code_forMetrics. Where the code draws random pixels a
hundred times, so does this, with a seed.
"""

import numpy as np

EPS = 2.2204e-16


def unit_range(saliency_map):
    return (saliency_map - saliency_map.min()) / np.ptp(saliency_map)


def nss(saliency_map, fixation_map):
    z_score = (saliency_map - saliency_map.mean()) / saliency_map.std(ddof=1)
    return z_score[fixation_map].mean()


def auc_judd(saliency_map, fixation_map):
    unit = unit_range(saliency_map)
    thresholds = np.sort(unit[fixation_map])[::-1]
    num_pixels, num_fixations = unit.size, len(thresholds)
    true_positives, false_positives = [0.0], [0.0]
    for i, threshold in enumerate(thresholds, start=1):
        above = np.sum(unit >= threshold)
        true_positives.append(i / num_fixations)
        false_positives.append((above - i) / (num_pixels - num_fixations))
    return np.trapezoid([*true_positives, 1.0], [*false_positives, 1.0])


def _against(unit, positives, draws, num_steps):
    areas = []
    for negatives in draws:
        thresholds = np.linspace(1, 0, num_steps + 1)
        true_positives = [np.mean(positives >= t) for t in thresholds]
        false_positives = [np.mean(negatives >= t) for t in thresholds]
        areas.append(np.trapezoid([0, *true_positives, 1], [0, *false_positives, 1]))
    return np.mean(areas)


def auc_borji(saliency_map, fixation_map, *, num_draws, num_steps=10):
    unit, random = unit_range(saliency_map), np.random.default_rng(0)
    positives = unit[fixation_map]
    shape = (num_draws, len(positives))
    draws = unit.ravel()[random.integers(unit.size, size=shape)]
    return _against(unit, positives, draws, num_steps)


def auc_shuffled(saliency_map, fixation_map, other_map, *, num_draws, num_steps=10):
    unit, random = unit_range(saliency_map), np.random.default_rng(0)
    positives, others = unit[fixation_map], unit[other_map]
    number = min(len(positives), len(others))
    draws = [random.choice(others, number, replace=False) for _ in range(num_draws)]
    return _against(unit, positives, draws, num_steps)


def cc(saliency_map, density_map):
    return np.corrcoef(saliency_map.ravel(), density_map.ravel())[0, 1]


def similarity(saliency_map, density_map):
    p, q = unit_range(saliency_map), unit_range(density_map)
    return np.minimum(p / p.sum(), q / q.sum()).sum()


def kl_divergence(saliency_map, density_map):
    p = saliency_map / saliency_map.sum() if saliency_map.any() else saliency_map
    q = density_map / density_map.sum()
    return np.sum(q * np.log(EPS + q / (p + EPS)))


def information_gain(saliency_map, fixation_map, baseline_map):
    p, b = unit_range(saliency_map), unit_range(baseline_map)
    gain = np.log2(EPS + p / p.sum()) - np.log2(EPS + b / b.sum())
    return gain[fixation_map].mean()
