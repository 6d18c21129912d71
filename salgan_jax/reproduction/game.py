"""How the game of the two players went: the logs of runs against health's band."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from salgan_jax import health, scalars
from salgan_jax.reproduction import cells
from salgan_jax.reproduction.runs import PlannedRun
from salgan_jax.reproduction.tables import Table

# A batch is noise: what is judged is the mean of so many steps.
WINDOW = 100
# Of the discriminator; and how far it is from taking predictions for ground truth.
MEASURES = {
    "discriminator_loss": "loss of the discriminator",
    "real_accuracy": "right about ground truth",
    "fake_accuracy": "right about predictions",
    "adversarial_loss": "adversarial loss of the generator",
    "logit_margin": "logits apart",
}


class Window(NamedTuple):
    """Means over some steps of a game.

    Attributes:
        step: the last of them.
        means: of `MEASURES`; while the discriminator warms up the generator has none.
    """

    step: int
    means: dict[str, float]

    @property
    def is_healthy(self) -> bool:
        """Whether the loss and both accuracies are in the band."""
        return health.is_in_band(self.means)


class Game(NamedTuple):
    """The game of a run.

    Attributes:
        run: its name.
        windows: in order; the first `WINDOW` steps are no part of them.
    """

    run: str
    windows: list[Window]

    @property
    def num_healthy(self) -> int:
        """Windows in which loss and accuracies are in the band."""
        return sum(window.is_healthy for window in self.windows)


def of_run(run: PlannedRun) -> Game | None:
    """Returns the game that a finished run has logged; None: it played none."""
    series = scalars.read(str(run.folder))
    if "train/logit_margin" not in series:
        return None
    steps = series["train/logit_margin"][0]
    # What is left over after the last whole window is a part of it.
    last = max(int(steps[-1]) // WINDOW - 1, 0)
    logged: dict[int, dict[str, list[float]]] = {}
    last_step = {}
    for name in MEASURES:
        for step, value in zip(*series.get(f"train/{name}", ([], [])), strict=True):
            # A log stands for the steps before it: that of step 200 is of the second.
            index = min(max(int(step) - 1, 0) // WINDOW, last)
            logged.setdefault(index, {}).setdefault(name, []).append(value)
            last_step[index] = max(int(step), last_step.get(index, 0))
    windows = [
        Window(
            last_step[index],
            {name: float(np.mean(values)) for name, values in logged[index].items()},
        )
        for index in sorted(logged)[1:]
    ]
    return Game(run.name, windows)


def verdict(games: Sequence[Game]) -> str:
    """Returns in a sentence whether the games live."""
    number = sum(len(game.windows) for game in games)
    healthy = sum(game.num_healthy for game in games)
    low, high = health.BAND["discriminator_loss"]
    if not number:
        return (
            f"The game: too short to say, no run has {WINDOW} steps after its first "
            f"{WINDOW}."
        )
    whole = "lives" if healthy == number else "does not live all the time"
    if healthy < number / 2:
        whole = "is dead"
    return (
        f"The game {whole}: of {number} windows of {WINDOW} steps, after the first of "
        f"each of {len(games)} runs, {healthy} have a discriminator's loss between "
        f"{low} and {high} and both its accuracies above one half and below 1."
    )


def table(games: Sequence[Game]) -> Table:
    """Returns a row for each run: mean and extremes over its windows."""
    rows = [
        [
            game.run,
            *(_cell(game.windows, name) for name in MEASURES),
            f"{game.num_healthy} of {len(game.windows)}",
        ]
        for game in games
    ]
    return Table(
        "The discriminator in the game",
        f"Mean (lowest to highest) over windows of {WINDOW} steps, without the first; "
        "what is left over belongs to the last. Two coins tossed have a loss of 1.39, "
        "and the generator then one of 0.69.",
        ["", *MEASURES.values(), "windows in the band"],
        rows,
    )


def as_json(games: Sequence[Game]) -> dict[str, list[dict[str, float]]]:
    """Returns the windows of each run."""
    return {
        game.run: [{"step": each.step, **each.means} for each in game.windows]
        for game in games
    }


def _cell(windows: Sequence[Window], name: str) -> str:
    values = [each.means[name] for each in windows if name in each.means]
    if not values:
        return cells.NONE
    return f"{np.mean(values):z.2f} ({min(values):z.2f} to {max(values):z.2f})"
