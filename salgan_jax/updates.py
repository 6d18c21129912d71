"""The updates of SalGAN, each a pure function (state, batch) -> (state, metrics).

Pan et al. 2017, Sec. 4. An update moves one player, or both; the other player and the
frozen blocks come out as they went in.
"""

import functools
from collections.abc import Callable, Sequence

import jax
from jax import lax

from salgan_jax import players
from salgan_jax import recipe as recipes
from salgan_jax.players import Metrics
from salgan_jax.recipe import AnyBatch, Recipe
from salgan_jax.schedule import Update
from salgan_jax.state import TrainState

UpdateFunction = Callable[[TrainState, AnyBatch], tuple[TrainState, Metrics]]


def make_updates(
    recipe: Recipe, *, axis_name: str | None = None
) -> dict[Update, UpdateFunction]:
    """Returns the updates of a recipe.

    Args:
        recipe: networks, optimizers and loss weights.
        axis_name: the mapped axis to average gradients over; None when not mapped.
    """
    functions = {
        Update.BOOTSTRAP: bootstrap_update,
        Update.DISCRIMINATOR: discriminator_update,
        Update.GENERATOR: generator_update,
        Update.BOTH: both_update,
    }
    return {
        update: functools.partial(function, recipe=recipe, axis_name=axis_name)
        for update, function in functions.items()
    }


def scanned(functions: Sequence[UpdateFunction]) -> Callable:
    """Returns (state, batches [n, b, ...]) -> (state, metrics) of n updates in a row.

    The functions take turns; n is a multiple of their number. Metrics are a dict for
    each function, of values [n / number of functions]: nothing leaves the device before
    all updates are made.
    """

    def updates(state: TrainState, batches: AnyBatch):
        rounds = jax.tree.map(
            lambda x: x.reshape(-1, len(functions), *x.shape[1:]), batches
        )

        def play(state, batches):
            metrics = []
            for turn, function in enumerate(functions):
                batch = jax.tree.map(lambda x, turn=turn: x[turn], batches)
                state, of_turn = function(state, batch)
                metrics.append(of_turn)
            return state, tuple(metrics)

        return lax.scan(play, state, rounds)

    return updates


def bootstrap_update(
    state: TrainState, batch: AnyBatch, *, recipe: Recipe, axis_name: str | None = None
) -> tuple[TrainState, Metrics]:
    """Returns the state after a generator step on the content loss alone (Sec. 4.2)."""
    prediction = recipes.predict_for_gradient(recipe, state, batch)
    player, metrics = players.bootstrap_move(
        recipe, state, batch, prediction, axis_name
    )
    return state.replace(step=state.step + 1, generator=player), metrics


def discriminator_update(
    state: TrainState, batch: AnyBatch, *, recipe: Recipe, axis_name: str | None = None
) -> tuple[TrainState, Metrics]:
    """Returns the state after a discriminator step: ground truth against prediction."""
    logits = recipes.predict(recipe, state.generator.params, batch)
    player, metrics = players.discriminator_move(
        recipe, state, batch, logits, axis_name
    )
    return state.replace(step=state.step + 1, discriminator=player), metrics


def generator_update(
    state: TrainState, batch: AnyBatch, *, recipe: Recipe, axis_name: str | None = None
) -> tuple[TrainState, Metrics]:
    """Returns the state after a generator step on content and adversarial loss."""
    prediction = recipes.predict_for_gradient(recipe, state, batch)
    player, metrics = players.generator_move(
        recipe, state, batch, prediction, axis_name
    )
    return state.replace(step=state.step + 1, generator=player), metrics


def both_update(
    state: TrainState, batch: AnyBatch, *, recipe: Recipe, axis_name: str | None = None
) -> tuple[TrainState, Metrics]:
    """Returns the state after a discriminator step, then a generator step, as one.

    Both are on the same batch and share the generator's prediction, which the
    discriminator's step does not change. Differs from the paper, where each step has a
    batch of its own.
    """
    prediction = recipes.predict_for_gradient(recipe, state, batch)
    player, of_discriminator = players.discriminator_move(
        recipe, state, batch, prediction.logits, axis_name
    )
    state = state.replace(discriminator=player)
    player, of_generator = players.generator_move(
        recipe, state, batch, prediction, axis_name
    )
    state = state.replace(step=state.step + 1, generator=player)
    return state, of_discriminator | of_generator
