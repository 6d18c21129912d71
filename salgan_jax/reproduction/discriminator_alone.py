"""A discriminator against a generator that stands still: what it learns in how long."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from salgan_jax import (
    checkpoints,
    experiment,
    losses,
    measures,
    players,
    training_input,
)
from salgan_jax import recipe as recipes
from salgan_jax.data import pipeline, sampling
from salgan_jax.data.sampling import Sampling
from salgan_jax.reproduction import layers
from salgan_jax.schedule import Schedule
from salgan_jax.state import CachedBatch, Player, TrainState

# When it is looked at, in updates; and after the last one.
LOOKS = (20, 80, 320, 1280, 5120)
_BATCH_SIZE = 8
_PROBED = 32  # images of either kind


@dataclasses.dataclass(frozen=True)
class Examples:
    """Images with true maps, and what a standing generator makes of them.

    Attributes:
        batch: all of them, with the features of the frozen blocks.
        logits: float32 [N, h, w, 1], the predictions before the sigmoid.
    """

    batch: CachedBatch
    logits: np.ndarray

    def take(self, row: np.ndarray) -> tuple[CachedBatch, np.ndarray]:
        """Returns some of them."""
        return jax.tree.map(lambda x: x[row], self.batch), self.logits[row]


def predicted(config: ConfigDict, run: str, split: str) -> Examples:
    """Returns the examples of a split, predicted by the last checkpoint of a run.

    Args:
        config: of the run, which also says what data there are.
        run: its workdir.
        split: of the data set.
    """
    loaded = checkpoints.load_generator(run, None)
    own = config.copy_and_resolve_references()
    data: Any = own.data
    data.cache = "host"
    data.train_split = split
    source = training_input.open_input(training_input.with_full_names(own))
    examples = pipeline.joined(training_input.training_copies(source, own))

    @jax.jit
    def pass_through(image):
        features = loaded.generator.apply(
            {"params": loaded.params}, image, method=loaded.generator.frozen_features
        )
        logits = loaded.generator.apply(
            {"params": loaded.params},
            features,
            method=loaded.generator.from_frozen_features,
        )
        return features, logits

    found: list[list[np.ndarray]] = [[], []]
    for start in range(0, len(examples.image), _BATCH_SIZE):
        some = examples.image[start : start + _BATCH_SIZE]
        # The last batch is filled up, so that there is one program.
        full = np.resize(some, (_BATCH_SIZE, *some.shape[1:]))
        for kept, array in zip(found, pass_through(np.float32(full)), strict=True):
            kept.append(np.asarray(array)[: len(some)])
    features, logits = map(np.concatenate, found)
    return Examples(CachedBatch(*examples[:3], features), logits)


class Trial:
    """A recipe of a discriminator, compiled once for all its initialisations."""

    def __init__(
        self,
        config: ConfigDict,
        seen: Examples,
        held_out: Examples,
        num_updates: int,
    ) -> None:
        """Prepares the discriminator of a config.

        Args:
            config: with the discriminator and its optimizer.
            seen, held_out: examples of one generator.
            num_updates: of each discriminator.
        """
        self._seen, self._held_out = seen, held_out
        self._num_updates = num_updates
        networks = experiment.make_networks(config)
        params = jax.eval_shape(lambda: experiment.init_params(networks, config))
        alone = Schedule(
            steps_per_epoch=num_updates,
            bootstrap_steps=0,
            num_steps=num_updates,
            warmup_steps=num_updates,
        )
        self._recipe = experiment.make_recipe(networks, params, config, alone)
        self._init = jax.jit(
            lambda seed: experiment.init_params(networks, config, seed).discriminator
        )
        self._step = jax.jit(self._move)
        self._judge = jax.jit(self._logits)
        self._look = jax.jit(functools.partial(layers.look, self._recipe))

    def looks(self, seed: int) -> Iterator[dict[str, Any]]:
        """Yields what is found after the updates of `LOOKS`, and after the last one.

        Each is a dict of JSON values: "updates"; means over the last 20 updates of
        loss, accuracies and logits; "held_out", the same of images that it
        does not train on, and by how much its logits are higher for their own true map
        than for another's, "mismatch_margin"; and "layers", by name. One before the
        first update has the layers alone.

        Args:
            seed: of the initial weights and of the order of the examples.
        """
        state = self._initial(seed)
        yield {"updates": 0, "layers": self._layers(state)}
        rows = Sampling(
            counts=(len(self._seen.logits),),
            weights=(1.0,),
            batch_size=_BATCH_SIZE,
            seed=seed,
            horizontal_flip=False,
        )
        since: list[Mapping[str, jax.Array]] = []
        for done in range(1, self._num_updates + 1):
            row = sampling.rows_at(done - 1, rows).row
            state, metrics = self._step(state, *self._seen.take(row))
            since.append(metrics)
            if done in LOOKS or done == self._num_updates:
                yield {
                    "updates": done,
                    **_means(since[-20:]),
                    "held_out": self._held_out_measures(state),
                    "layers": self._layers(state),
                }
                since = []

    def _initial(self, seed: int) -> TrainState:
        params = self._init(seed)
        optimizer = self._recipe.discriminator_optimizer
        nobody = Player(params=(), opt_state=())
        return TrainState(
            step=jnp.zeros((), jnp.int32),
            generator=nobody,
            discriminator=Player(params=params, opt_state=optimizer.init(params)),
        )

    def _move(
        self, state: TrainState, batch: CachedBatch, logits: jax.Array
    ) -> tuple[TrainState, dict[str, jax.Array]]:
        player, metrics = players.discriminator_move(
            self._recipe, state, batch, logits, None
        )
        return state.replace(discriminator=player), metrics

    def _logits(
        self, state: TrainState, batch: CachedBatch, logits: jax.Array
    ) -> tuple[jax.Array, ...]:
        """Of images with their true maps, their predictions, and others' true maps."""
        image = recipes.condition(self._recipe, state, batch)
        true = recipes.saliency_map(batch)
        return tuple(
            recipes.judge(self._recipe, state.discriminator.params, image, maps)
            for maps in (true, jax.nn.sigmoid(logits), jnp.roll(true, 1, axis=0))
        )

    def _held_out_measures(self, state: TrainState) -> dict[str, float]:
        number = len(self._held_out.logits)
        found = []
        for start in range(0, number, _BATCH_SIZE):
            row = np.arange(start, start + _BATCH_SIZE) % number
            judged = self._judge(state, *self._held_out.take(row))
            found.append([each[: number - start] for each in judged])
        real, fake, others = map(jnp.concatenate, zip(*found, strict=True))
        measured = measures.of_logits(real, fake) | {
            "discriminator_loss": losses.discriminator_loss(
                real, fake, self._recipe.game
            ),
            "mismatch_margin": real.mean() - others.mean(),
        }
        return {name: float(value) for name, value in measured.items()}

    def _layers(self, state: TrainState) -> dict[str, dict[str, float]]:
        found = self._look(
            state.discriminator.params,
            self._some(state, self._seen),
            self._some(state, self._held_out),
        )
        return {
            name: {measure: float(x) for measure, x in layer._asdict().items()}
            for name, layer in found.items()
        }

    def _some(self, state: TrainState, examples: Examples) -> layers.Judged:
        number = len(examples.logits)
        some = np.linspace(0, number - 1, min(number, _PROBED)).astype(int)
        batch, logits = examples.take(some)
        return layers.Judged(
            recipes.condition(self._recipe, state, batch),
            recipes.saliency_map(batch),
            jax.nn.sigmoid(jnp.asarray(logits)),
        )


def _means(metrics: list[Mapping[str, jax.Array]]) -> dict[str, float]:
    return {
        name: float(np.mean([float(each[name]) for each in metrics]))
        for name in metrics[0]
    }
