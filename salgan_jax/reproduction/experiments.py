"""The experiments as data: a question, and arms that differ in the fields they name."""

from collections.abc import Callable

from ml_collections import ConfigDict

from salgan_jax import config as config_module
from salgan_jax import fields
from salgan_jax.errors import UserError, did_you_mean
from salgan_jax.reproduction import (
    discriminator_arms,
    game_arms,
    released_code,
    transfer,
)
from salgan_jax.reproduction.arms import (
    Arm,
    Experiment,
    common_bootstrap,
    content_alone,
    epochs_of_game,
    equal_epochs,
    game_alone,
    notes_on_updates,
)
from salgan_jax.reproduction.ingredients import INGREDIENTS


def check_name(name: str) -> str:
    """Returns the name of an experiment.

    Raises:
        UserError: there is none of that name.
    """
    if name not in EXPERIMENTS:
        said = f"there is no experiment {name!r}" if name else "name an experiment"
        known = ", ".join(EXPERIMENTS)
        raise UserError(f"{said}: {known}{did_you_mean(name, EXPERIMENTS)}")
    return name


def of(name: str, config: ConfigDict) -> Experiment:
    """Returns an experiment for a config; some arms follow from its numbers of epochs.

    Raises:
        UserError: the config has not the phases, or the data sets, that the experiment
            is about.
    """
    return EXPERIMENTS[name](config)


def _perceptual_vs_content(config: ConfigDict) -> Experiment:
    """From one bootstrap go on with the game, and with content loss alone.

    Both begin with fresh slots of the same optimizer, that of the adversarial phase, as
    in the authors' code, so that they differ in the loss alone.
    """
    schedule, warmup = config.schedule, config.phases.discriminator_warmup_epochs
    adversarial = epochs_of_game("perceptual_vs_content", config)
    perceptual, content = equal_epochs(adversarial, schedule)
    turns = "in each step" if schedule == "both" else "in turn"
    return Experiment(
        name="perceptual_vs_content",
        question="Does the adversarial loss improve a generator over content loss "
        "alone, at equal generator updates?",
        arms=(
            Arm(
                "perceptual",
                f"adversarial and content loss, discriminator and generator {turns}",
                game_alone(warmup + perceptual),
            ),
            content_alone(config, content),
        ),
        reference="content",
        bootstrap=common_bootstrap(config, "content loss alone, where both arms start"),
        has_equal_updates=True,
        notes=notes_on_updates(adversarial, perceptual, content),
    )


def _downsampling(config: ConfigDict) -> Experiment:
    """The paper's Table 2: the content loss at four sizes, in the bootstrap alone."""
    epochs = config.phases.bootstrap_epochs
    if not epochs:
        raise UserError(
            "downsampling is about content loss alone, and "
            "config.phases.bootstrap_epochs is 0"
        )
    arms = tuple(
        Arm(
            f"downsample_{factor}",
            f"content loss alone, of maps {factor} times smaller"
            if factor > 1
            else "content loss alone, of whole maps",
            {"phases.num_epochs": epochs, "losses.content_downsample": factor},
        )
        for factor in (1, 2, 4, 8)
    )
    return Experiment(
        name="downsampling",
        question="How much smaller should both maps be for the content loss?",
        arms=arms,
        reference="downsample_1",
        notes=(f"Content loss alone, for {epochs} epochs.",),
    )


def _ingredients(config: ConfigDict) -> Experiment:
    """SalGAN without any ingredient, with each of them alone, and the modern recipe.

    One that changes nothing of the config is left out.
    """
    names = {
        name
        for each in INGREDIENTS.values()
        if each.is_off_by_default
        for name in each.fields
    }
    default = fields.flat(config_module.default().to_dict())
    off = {name: default[name] for name in default if name in names}
    base = fields.flat(config.to_dict()) | off
    left_out = [
        name for name, each in INGREDIENTS.items() if base == base | each.fields
    ]
    notes = [f"Left out, for the config has them: {', '.join(left_out)}."]
    return Experiment(
        name="ingredients",
        question="What does each ingredient alone add to SalGAN, and what do those "
        "that help add together?",
        arms=(
            Arm("salgan", "the config with every ingredient off", off),
            *(
                Arm(name, each.what, off | each.fields)
                for name, each in INGREDIENTS.items()
                if name not in left_out
            ),
            Arm(
                "modern",
                "all that the second config has",
                off,
                is_modern=True,
            ),
        ),
        reference="salgan",
        notes=tuple(notes if left_out else ()),
    )


def _modern_vs_salgan(config: ConfigDict) -> Experiment:
    """The config, its ablation, and a second config file with all that helps."""
    return Experiment(
        name="modern_vs_salgan",
        question="How much better than SalGAN is a recipe with what was learnt since?",
        arms=(
            Arm("salgan", "the config as it is", {}),
            Arm(
                "content_only",
                "the config with content loss alone",
                {"phases.bootstrap_epochs": config.phases.num_epochs},
            ),
            Arm(
                "modern",
                "the config with all that the second one changes",
                {},
                is_modern=True,
            ),
        ),
        reference="salgan",
    )


EXPERIMENTS: dict[str, Callable[[ConfigDict], Experiment]] = {
    "perceptual_vs_content": _perceptual_vs_content,
    "downsampling": _downsampling,
    "released_code": released_code.experiment,
    "ingredients": _ingredients,
    "modern_vs_salgan": _modern_vs_salgan,
    "transfer": transfer.experiment,
    "discriminator": discriminator_arms.experiment,
    "game": game_arms.experiment,
}
