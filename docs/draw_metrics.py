"""Draws the pictures of metrics.md: maps of one imagined scene, and what each scores.

python docs/draw_metrics.py FOLDER
"""

import sys
from pathlib import Path

import jax.numpy as jnp
import matplotlib.figure
import numpy as np

from salgan_jax.data import fixations as data_fixations
from salgan_jax.metrics import fixation, roc, similarity

HEIGHT, WIDTH, SIGMA_PX = 96, 128, 7.0


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Returns the fixations of an image, and those of others, (x, y) in pixels.

    30 at one thing, 14 at another, 6 anywhere; those of others crowd in the centre.
    """
    draw = np.random.default_rng(7)
    points = [
        draw.normal((36, 34), 4, (30, 2)),
        draw.normal((97, 66), 4, (14, 2)),
        draw.uniform((2, 2), (WIDTH - 2, HEIGHT - 2), (6, 2)),
    ]
    others = draw.normal((WIDTH / 2, HEIGHT / 2), (26, 18), (500, 2))
    return _inside(np.concatenate(points)), _inside(others)


def maps(here: np.ndarray, elsewhere: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the predictions that the page talks about."""
    truth = _density(here, SIGMA_PX)
    centre = _density(elsewhere, 3 * SIGMA_PX)
    return {
        "ground truth": truth,
        "its square: too sure": truth**2,
        "its root: too unsure": truth**0.5,
        "blurred": _density(here, 2.5 * SIGMA_PX),
        "one of both things": _density(here[:30], SIGMA_PX),
        "12 pixels off": np.roll(truth, 12, axis=1),
        "centre prior": centre,
        "truth x centre": truth * centre,
    }


def scores(
    prediction: np.ndarray, here: np.ndarray, elsewhere: np.ndarray
) -> dict[str, float]:
    """Returns the scores of a map, in the conventions of `tuebingen`."""
    truth, centre = _density(here, SIGMA_PX), _density(elsewhere, 3 * SIGMA_PX)
    others = np.zeros((HEIGHT, WIDTH), np.int32)
    np.add.at(others, (elsewhere[:, 1], elsewhere[:, 0]), 1)
    saliency_map, truth, centre, others, points = map(
        jnp.asarray, (prediction, truth, centre, others, here)
    )
    found = {
        "NSS": fixation.nss(saliency_map, points),
        "AUC": roc.auc(saliency_map, points),
        "sAUC": roc.shuffled_auc(saliency_map, others, points),
        "CC": similarity.cc(saliency_map, truth),
        "SIM": similarity.sim(saliency_map, truth),
        "KLD": similarity.kld(saliency_map, truth),
        "IG": fixation.information_gain(saliency_map, centre, points),
    }
    return {name: float(score) for name, score in found.items()}


def draw_maps(path: Path) -> None:
    """Draws each prediction with its scores."""
    here, elsewhere = scene()
    figure = matplotlib.figure.Figure(figsize=(11, 5.4), layout="constrained")
    for axes, (name, prediction) in zip(
        figure.subplots(2, 4).flat, maps(here, elsewhere).items(), strict=True
    ):
        axes.imshow(prediction, cmap="viridis", vmin=0)
        axes.plot(*here.T, ".", color="white", markersize=3, alpha=0.8)
        axes.set_title(name, fontsize=11)
        found = scores(prediction, here, elsewhere).items()
        lines = [f"{metric} {round(score, 2) + 0.0:.2f}" for metric, score in found]
        said = "   ".join(lines[:4]) + "\n" + "   ".join(lines[4:])
        axes.set_xlabel(said, fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])
    figure.savefig(path, dpi=110)


def draw_auc(path: Path) -> None:
    """Draws the ROC curves of two maps, against all pixels and against the others."""
    here, elsewhere = scene()
    figure = matplotlib.figure.Figure(figsize=(8.4, 4.2), layout="constrained")
    of_all, of_others = figure.subplots(1, 2, sharey=True)
    for name in ("truth x centre", "centre prior"):
        prediction = maps(here, elsewhere)[name]
        positives = _values(prediction, here)
        for axes, negatives, against in (
            (of_all, prediction.ravel(), "all pixels: AUC"),
            (of_others, _values(prediction, elsewhere), "other images: shuffled AUC"),
        ):
            rates = [
                np.append(0, [np.mean(v >= t) for t in np.unique(prediction)[::-1]])
                for v in (negatives, positives)
            ]
            area = np.trapezoid(rates[1], rates[0])
            axes.plot(*rates, label=f"{name}: {area:.2f}")
            axes.set_xlabel(f"share of {against}")
    for axes in (of_all, of_others):
        axes.plot([0, 1], [0, 1], ":", color="grey")
        axes.legend(loc="lower right", fontsize=9)
    of_all.set_ylabel("share of the fixations above the threshold")
    figure.savefig(path, dpi=110)


def _inside(points: np.ndarray) -> np.ndarray:
    limits = np.array([WIDTH, HEIGHT])
    points = np.round(points).astype(np.int32)
    return points[((points >= 0) & (points < limits)).all(axis=1)]


def _density(points: np.ndarray, sigma_px: float) -> np.ndarray:
    return data_fixations.density_map(
        points, height=HEIGHT, width=WIDTH, sigma_px=sigma_px
    )


def _values(prediction: np.ndarray, points: np.ndarray) -> np.ndarray:
    return prediction[points[:, 1], points[:, 0]]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    draw_maps(folder / "metrics_maps.png")
    draw_auc(folder / "metrics_auc.png")
