"""From a config to what it describes: networks, optimizers, initial parameters."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from absl import logging
from ml_collections import ConfigDict

from salgan_jax import checkpoints, initial_weights, losses, optimizers, updates
from salgan_jax import state as train_state
from salgan_jax.models import primitives
from salgan_jax.models.discriminator import Discriminator
from salgan_jax.models.generator import Generator
from salgan_jax.schedule import Schedule, Update, make_schedule
from salgan_jax.weights import grafting
from salgan_jax.weights.imported import Imported

# None is the precision of the parameters, which is float32 but in tests.
_DTYPES = {"float32": None, "bfloat16": jnp.bfloat16}


class Networks(NamedTuple):
    """The players' code."""

    generator: Generator
    discriminator: Discriminator


class Experiment(NamedTuple):
    """What a config describes: code in `recipe`, arrays in `params`."""

    recipe: updates.Recipe
    params: train_state.InitialParams


def precision_here(precision: str, platform: str | None = None) -> str:
    """Returns the precision, and for "auto" the one that is fast on the platform.

    Args:
        precision: "float32", "bfloat16" or "auto".
        platform: as JAX names it; None: this one.
    """
    if precision != "auto":
        return precision
    is_cpu = (platform or jax.default_backend()) == "cpu"
    return "float32" if is_cpu else "bfloat16"


def with_precision(
    config: ConfigDict,
    saved: ConfigDict | None = None,
    *,
    platform: str | None = None,
) -> ConfigDict:
    """Returns the config with the precision that "auto" means.

    A checkpoint thus tells in which precision it was trained.

    Args:
        config: of the run.
        saved: of the checkpoint that it goes on from, wherever that was written.
        platform: that computes, as JAX names it; None: this one.
    """
    named = config.copy_and_resolve_references()
    for player, precision in named.precision.items():
        if precision == "auto" and saved is not None:
            precision = saved.precision[player]
        named.precision[player] = precision_here(precision, platform)
    return named


def make_plan(config: ConfigDict, num_examples: int) -> Schedule:
    """Returns which update runs at which step.

    Args:
        config: of the run.
        num_examples: that it trains on.

    Raises:
        UserError: not even one batch can be filled.
    """
    return make_schedule(
        num_examples=num_examples,
        batch_size=config.batch_size,
        bootstrap_epochs=config.phases.bootstrap_epochs,
        num_epochs=config.phases.num_epochs,
        schedule=config.schedule,
        warmup_epochs=config.phases.discriminator_warmup_epochs,
    )


def make_experiment(config: ConfigDict, plan: Schedule | None = None) -> Experiment:
    """Returns networks, optimizers and random initial parameters.

    Args:
        config: of the run.
        plan: of the run; only a learning rate that changes needs it.
    """
    networks = make_networks(config)
    params = init_params(networks, config)
    return Experiment(make_recipe(networks, params, config, plan), params)


def make_networks(config: ConfigDict, *, platform: str | None = None) -> Networks:
    """Returns both networks, in the precision and the forms of a platform.

    Args:
        config: of the run.
        platform: a name in `primitives.FORMS`; None: this one.
    """
    precision = with_precision(config, platform=platform).precision
    forms = platform or primitives.AUTO
    generator = checkpoints.make_generator(config).clone(
        dtype=_DTYPES[precision.generator], forms=forms
    )
    discriminator = Discriminator(
        variant=config.model.discriminator,
        image_input=config.model.discriminator_input,
        norm=config.model.discriminator_norm,
        map_input=config.model.discriminator_map,
        map_enters=config.model.discriminator_map_enters,
        first_outputs=config.model.discriminator_first_outputs,
        first_init=config.model.discriminator_first_init,
        activation=config.model.discriminator_activation,
        final_pooling=config.model.discriminator_pooling,
        bottleneck=config.model.discriminator_bottleneck,
        width_multiplier=(
            config.model.discriminator_width or config.model.width_multiplier
        ),
        kernel_init=config.model.kernel_init,
        dtype=_DTYPES[precision.discriminator],
        forms=forms,
    )
    return Networks(generator, discriminator)


def init_params(
    networks: Networks, config: ConfigDict, seed: Any = None
) -> train_state.InitialParams:
    """Returns random parameters of both networks.

    Args:
        networks: of the config.
        config: of the run.
        seed: instead of the config's; it may be traced.
    """
    return train_state.init_params(
        *networks,
        key=jax.random.key(config.seed if seed is None else seed),
        image_size=tuple(config.data.image_size),
        judges_features=_judges_features(config),
    )


def make_recipe(
    networks: Networks,
    params: train_state.InitialParams,
    config: ConfigDict,
    plan: Schedule | None = None,
) -> updates.Recipe:
    """Returns what an update needs beside the arrays.

    Args:
        networks: of the config.
        params: of which only names count.
        config: of the run.
        plan: as in `make_experiment`.
    """
    moves = plan.num_moves if plan else dict.fromkeys(Update, 1)
    generator_labels = optimizers.generator_labels(
        params.generator, frozen_blocks=config.model.frozen_blocks
    )
    return updates.Recipe(
        *networks,
        bootstrap_optimizer=_optimizer(
            config.bootstrap_optimizer, generator_labels, moves[Update.BOOTSTRAP]
        ),
        generator_optimizer=_optimizer(
            config.generator_optimizer,
            generator_labels,
            moves[Update.GENERATOR] + moves[Update.BOTH],
        ),
        discriminator_optimizer=_optimizer(
            config.discriminator_optimizer,
            optimizers.discriminator_labels(params.discriminator),
            moves[Update.DISCRIMINATOR] + moves[Update.BOTH],
        ),
        alpha=config.losses.alpha,
        content_downsample=config.losses.content_downsample,
        skip_not_finite=config.on_nan == "skip",
        content=losses.ContentWeights(
            **{name: config.losses[name] for name in losses.ContentWeights._fields}
        ),
        r1_penalty=config.losses.r1_penalty,
        discriminator_flood=config.losses.discriminator_flood,
        judges_features=_judges_features(config),
        content_reduction=config.losses.content_reduction,
        game=config.losses.game,
        adversarial_share=config.losses.adversarial_share,
        average_decay=config.phases.average_decay,
    )


def _judges_features(config: ConfigDict) -> bool:
    return config.model.discriminator_input == "frozen_features"


def with_output_bias(setup: Experiment, mean_map_value: float) -> Experiment:
    """Returns the experiment with a generator that begins at the maps' mean value.

    Args:
        setup: with random parameters.
        mean_map_value: the mean over the training maps' pixels, above 0 and below 1.
    """
    generator = dict(setup.params.generator)
    output = generator["decoder"]["decoder_output"]
    bias = jnp.full_like(output["bias"], jax.scipy.special.logit(mean_map_value))
    generator["decoder"] = {
        **generator["decoder"],
        "decoder_output": {**output, "bias": bias},
    }
    return setup._replace(params=setup.params._replace(generator=generator))


def with_input_convention(
    config: ConfigDict,
    imported: Imported | None = None,
    saved: ConfigDict | None = None,
) -> ConfigDict:
    """Returns the config with the input convention that "auto" means.

    Args:
        config: of the run.
        imported: its initial weights; None: they are random, or in a checkpoint.
        saved: of the checkpoint that it goes on from.
    """
    named = config.copy_and_resolve_references()
    if named.model.input_convention != "auto":
        return named
    if saved is not None:
        named.model.input_convention = saved.model.input_convention
    else:
        found = imported.input_convention if imported else None
        named.model.input_convention = found or "torchvision"
    return named


def with_initial_weights(
    setup: Experiment, config: ConfigDict, imported: Imported
) -> Experiment:
    """Returns the experiment with the weights that `config.init_from` names.

    What was loaded, what stays random and what is frozen is logged as a table.

    Args:
        setup: with random parameters.
        config: of the run, from `with_input_convention`.
        imported: the weights.

    Raises:
        UserError: the weights do not fit the networks.
    """
    grafting.check_convention(imported, config.model.input_convention)
    is_narrow = setup.recipe.generator.encoder_width != 1
    if is_narrow and not imported.decoder and config.model.full_width_blocks:
        imported = grafting.first_blocks(imported, config.model.full_width_blocks)
    grafted = grafting.graft(
        setup.params.generator,
        setup.params.discriminator,
        imported,
        frozen_blocks=config.model.frozen_blocks,
        variant=initial_weights.discriminator_kind(config),
    )
    params = setup.params._replace(
        generator=grafted.generator, discriminator=grafted.discriminator
    )
    table = initial_weights.table(params, grafted.loaded, config.model.frozen_blocks)
    logging.info("weights from %s: %s\n%s", config.init_from, imported.what, table)
    return setup._replace(params=params)


def _optimizer(
    section: Any, labels: Any, num_updates: int
) -> optax.GradientTransformation:
    return optimizers.make_optimizer(labels, **section, num_updates=num_updates)
