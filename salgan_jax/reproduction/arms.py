"""What an experiment is made of: arms, the recipes that it compares."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from salgan_jax.errors import UserError

Overrides = dict[str, Any]


class Arm(NamedTuple):
    """A recipe that is compared with others.

    Attributes:
        name: of its runs and its rows.
        what: it is, in a sentence.
        overrides: full name of a field -> value.
        is_modern: has all that the second config changes, after the overrides.
    """

    name: str
    what: str
    overrides: Overrides
    is_modern: bool = False


class Experiment(NamedTuple):
    """Arms and what is asked of them.

    Attributes:
        name: for the command line.
        question: in a sentence.
        arms: in the order of the tables.
        reference: the name of the arm that the others are compared with.
        bootstrap: the run that all arms of a seed go on from; None: the arms start as
            their configs say.
        has_equal_updates: the arms must make as many generator updates.
        notes: sentences that belong beside the results.
        test_sets: name -> data set that every run is scored on; empty: each run is
            scored on the images that it was evaluated on.
    """

    name: str
    question: str
    arms: tuple[Arm, ...]
    reference: str
    bootstrap: Arm | None = None
    has_equal_updates: bool = False
    notes: tuple[str, ...] = ()
    test_sets: Mapping[str, str] = {}


def epochs_of_game(name: str, config: ConfigDict) -> int:
    """Returns the epochs in which both players move, after bootstrap and warm-up.

    Args:
        name: of the experiment that is about them.
        config: of its runs.

    Raises:
        UserError: the config has no bootstrap, or no game.
    """
    phases = config.phases
    warmup = phases.discriminator_warmup_epochs
    game = phases.num_epochs - phases.bootstrap_epochs - warmup
    if not (phases.bootstrap_epochs and game > 0):
        of_these = f", {warmup} of them the discriminator's warm-up" if warmup else ""
        raise UserError(
            f"{name} needs both phases: config.phases.bootstrap_epochs "
            f"is {phases.bootstrap_epochs} of {phases.num_epochs} epochs{of_these}"
        )
    return game


def common_bootstrap(config: ConfigDict, what: str) -> Arm:
    """Returns the run of content loss alone that all arms of a seed go on from."""
    epochs = config.phases.bootstrap_epochs
    return Arm("bootstrap", what, {"phases.num_epochs": epochs})


def equal_epochs(adversarial_epochs: int, schedule: str) -> tuple[int, int]:
    """Returns epochs (perceptual, content) with as many updates of the generator.

    Where discriminator and generator take turns, every second adversarial step is the
    generator's; an odd number of epochs becomes the next even one.

    >>> equal_epochs(104, "alternate"), equal_epochs(105, "alternate")
    ((104, 52), (106, 53))
    >>> equal_epochs(53, "both")
    (53, 53)
    """
    if schedule == "both":
        return adversarial_epochs, adversarial_epochs
    even = adversarial_epochs + adversarial_epochs % 2
    return even, even // 2


def game_alone(epochs: int) -> Overrides:
    """Returns fields of an arm that goes on with the game from a bootstrap run.

    The slots of its optimizers are fresh, as in the authors' code.
    """
    return {
        "phases.carry_optimizer_state": False,
        "phases.bootstrap_epochs": 0,
        "phases.num_epochs": epochs,
    }


def content_alone(config: ConfigDict, epochs: int) -> Arm:
    """Returns the arm that goes on without a game, and otherwise as `game_alone`.

    Its optimizer is the game's, so that the two differ in the loss alone.
    """
    optimizer = {
        f"bootstrap_optimizer.{field}": value
        for field, value in config.generator_optimizer.to_dict().items()
    }
    return Arm(
        "content",
        "content loss alone, as many generator updates",
        optimizer | game_alone(epochs) | {"phases.bootstrap_epochs": epochs},
    )


def notes_on_updates(
    adversarial: int, perceptual: int, content: int
) -> tuple[str, ...]:
    """Returns what to say of arms that start from one bootstrap.

    Args:
        adversarial: epochs of the config's game.
        perceptual, content: what `equal_epochs` makes of them.
    """
    start = (
        "All arms start from the same bootstrap run of their seed, with fresh slots "
        "of the optimizer of the adversarial phase, as in the authors' code."
    )
    if perceptual == adversarial:
        return (start,)
    return start, (
        f"The config has {adversarial} adversarial epochs; here are {perceptual}, so "
        f"that {content} epochs of content loss alone have exactly as many generator "
        "updates."
    )
