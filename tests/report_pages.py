"""Reports of runs that were never trained: small, quick, with every number known."""

import numpy as np

from salgan_jax import config as config_module
from salgan_jax.data.records import Record
from salgan_jax.evaluation.chosen_images import EvaluationInput
from salgan_jax.metrics.conventions import TUEBINGEN
from salgan_jax.metrics.intervals import MeanInterval
from salgan_jax.report import page, panels
from salgan_jax.report.page import Contents
from salgan_jax.report.panels import Panel
from salgan_jax.report.run_scores import RunScores
from salgan_jax.report.runs import Run
from salgan_jax.schedule import Schedule

CC = {"one": [0.9, 0.1, 0.5], "other": [0.8, 0.7, 0.6]}
KLD = {"one": [0.1, 2.0, 1.0], "other": [0.2, 0.4, np.nan]}


def run(name="one", *, bootstrap_epochs=5, series=None, provenance=None):
    config = config_module.default()
    config.phases.bootstrap_epochs = bootstrap_epochs
    config.phases.num_epochs = 10
    plan = Schedule(
        steps_per_epoch=2, bootstrap_steps=bootstrap_epochs * 2, num_steps=20
    )
    series = (
        {"train/content_loss": ([2, 20], [0.5, 0.25])} if series is None else series
    )
    return Run(f"runs/{name}", name, 20, config, plan, series, provenance)


def scores(cc, kld, others=None):
    """Scores whose intervals are 0.2 wide."""
    of_images = {"cc": np.array(cc), "kld": np.array(kld)}
    means = {
        name: interval(np.nanmean(values), num_images=int(np.isfinite(values).sum()))
        for name, values in of_images.items()
    }
    return RunScores(means, of_images, "", others or {})


def interval(mean, *, num_images=3):
    return MeanInterval(float(mean), float(mean) - 0.1, float(mean) + 0.1, num_images)


def record(name, *, width=48):
    """A bright square that people looked at, at (8, 4) and (20, 16)."""
    image = np.full((32, width, 3), 40, np.uint8)
    image[4:20, 8:24] = (250, 200, 30)
    density_map = np.zeros((32, width), np.float32)
    density_map[4:20, 8:24] = 1
    points = np.array([[8, 4], [20, 16]], np.float32)
    return Record(name, image, density_map, points, np.zeros(2, np.int32))


def contents(*, names=("one", "other"), ids=("a", "b", "c"), title="", runs=None):
    others = {
        row: {"cc": interval(mean), "kld": interval(1 - mean)}
        for row, mean in (("centre_prior", 0.25), ("human_ceiling", 0.75))
    }
    some = runs or [
        run(name, bootstrap_epochs=10 - 5 * i) for i, name in enumerate(names)
    ]
    found = [scores(CC[which], KLD[which], others) for which in ("one", "other")]
    records = [record(name) for name in ids]
    images = EvaluationInput(
        "popout/tiny", "validation", "train", records, records, False, 1.0
    )
    shown = [panel(each, row, len(some)) for row, each in enumerate(records)]
    return Contents(title, "", some, found[: len(some)], images, TUEBINGEN.name, shown)


def panel(some_record, row, num_runs):
    """Of each run the picture is the photograph."""
    shown = panels.make([], [some_record], [0])[0]
    pictures = shown.pictures + shown.pictures[:1] * num_runs
    return Panel(shown.id, row, shown.size, shown.fixations, pictures)


def text(**words):
    return page.render(contents(**words))
