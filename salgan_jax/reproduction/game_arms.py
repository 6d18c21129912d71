"""The game with one thing otherwise: which part of a recipe keeps it alive."""

from ml_collections import ConfigDict

from salgan_jax import config as config_module
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
from salgan_jax.reproduction.discriminator_arms import published_fields

_ALPHA = config_module.default().losses.alpha
_ARMS = {
    "raw_images": (
        "images of 0 to 255",
        {"model.discriminator_input": "rgb255"},
    ),
    "frozen_features": (
        "VGG-16's frozen features instead of the image",
        {"model.discriminator_input": "frozen_features"},
    ),
    "probability_maps": (
        "maps as they are",
        {"model.discriminator_map": "probability"},
    ),
    "density_maps": ("maps over their mean", {"model.discriminator_map": "density"}),
    "maximum_maps": (
        "maps over their maximum",
        {"model.discriminator_map": "maximum"},
    ),
    "all_places": (
        "the features of all places before the matrices",
        {"model.discriminator_pooling": "none"},
    ),
    "relu": ("ReLU", {"model.discriminator_activation": "relu"}),
    "bottleneck": (
        "two units in the last hidden layer",
        {"model.discriminator_bottleneck": 2},
    ),
    "first_32": (
        "32 channels in the first layer",
        {"model.discriminator_first_outputs": 32},
    ),
    "second_block": (
        "the map after the first block",
        {"model.discriminator_map_enters": "second_block"},
    ),
    "passes_map": (
        "a first layer that begins by passing the map on",
        {"model.discriminator_first_init": "passes_map"},
    ),
    "adagrad": (
        "AdaGrad at 3e-4 for the discriminator",
        {
            "discriminator_optimizer.rule": "adagrad",
            "discriminator_optimizer.learning_rate": 3e-4,
            "discriminator_optimizer.schedule": "constant",
        },
    ),
    "alpha": (
        "the paper's alpha instead of a share of the gradient",
        {"losses.adversarial_share": 0.0, "losses.alpha": _ALPHA},
    ),
    "alpha_of_sum": (
        "the paper's alpha, of the sum over pixels",
        {
            "losses.adversarial_share": 0.0,
            "losses.alpha": _ALPHA,
            "losses.content_reduction": "sum",
        },
    ),
    "as_loud": (
        "an adversarial gradient as large as the content loss's",
        {"losses.adversarial_share": 1.0},
    ),
    "quiet": (
        "an adversarial gradient a tenth as large as the content loss's",
        {"losses.adversarial_share": 0.1},
    ),
    "hinge": ("hinge loss", {"losses.game": "hinge"}),
    "least_squares": ("least squares", {"losses.game": "least_squares"}),
    "no_flood": ("no flooding", {"losses.discriminator_flood": 0.0}),
    "r1_penalty": (
        "a gradient penalty of 1 instead of flooding",
        {"losses.r1_penalty": 1.0, "losses.discriminator_flood": 0.0},
    ),
    "spectral_norm": (
        "spectral norm instead of flooding",
        {"model.discriminator_norm": "spectral", "losses.discriminator_flood": 0.0},
    ),
}


def experiment(config: ConfigDict) -> Experiment:
    """The config's game, the same with one thing otherwise, and content loss alone.

    All start from the same bootstrap, with as many updates of the generator.

    Raises:
        UserError: the config has no two phases.
    """
    warmup = config.phases.discriminator_warmup_epochs
    adversarial = epochs_of_game("game", config)
    game, content = equal_epochs(adversarial, config.schedule)
    played = game_alone(warmup + game)
    rate = config.generator_optimizer.learning_rate
    no_warm_up = {
        "phases.discriminator_warmup_epochs": 0,
        "phases.num_epochs": game,
    }
    alpha = {"losses.adversarial_share": 0.0, "losses.alpha": _ALPHA}
    published = played | published_fields()
    # Lets the published discriminator see the map.
    sees = published | {
        "model.discriminator_input": "normalized",
        "model.discriminator_map": "standardized",
        **{
            f"discriminator_optimizer.{field}": value
            for field, value in config.discriminator_optimizer.to_dict().items()
        },
    }
    others = dict(_ARMS) | {
        "one_rate": (
            "the generator's learning rate for both",
            {"discriminator_optimizer.learning_rate": rate},
        ),
        "no_warm_up": ("no warm-up of the discriminator", no_warm_up),
    }
    if config.model.frozen_blocks != 3 or config.model.discriminator == "released_code":
        del others["frozen_features"]  # they are of another size than the map's
    return Experiment(
        name="game",
        question="Which part of the recipe keeps the game alive?",
        arms=(
            Arm("as_it_is", "the config", played),
            *(
                Arm(name, f"the config with {what}", played | fields)
                for name, (what, fields) in others.items()
            ),
            Arm(
                "published",
                f"the published discriminator and its AdaGrad, alpha {_ALPHA:g}",
                published | no_warm_up | alpha,
            ),
            Arm(
                "sees",
                "published, with normalised images, standardized maps and the config's "
                "optimizer of the discriminator",
                sees | no_warm_up | alpha,
            ),
            Arm(
                "least",
                "published, with normalised images, standardized maps, and the "
                "config's optimizer of the discriminator and share of the gradient",
                sees | no_warm_up,
            ),
            Arm("least_warmed_up", "least, with the config's warm-up", sees),
            content_alone(config, content),
        ),
        reference="as_it_is",
        bootstrap=common_bootstrap(config, "content loss alone, where all arms start"),
        has_equal_updates=True,
        notes=notes_on_updates(adversarial, game, content),
    )
