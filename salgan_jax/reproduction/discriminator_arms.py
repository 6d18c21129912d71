"""The discriminators that are tried alone: the published ones, and what mends them."""

from ml_collections import ConfigDict

from salgan_jax import config as config_module
from salgan_jax import fields
from salgan_jax.reproduction.arms import Arm, Experiment, Overrides

_SEES = {
    "model.discriminator_input": "normalized",
    "model.discriminator_map": "standardized",
}
_ADAM = {
    "discriminator_optimizer.rule": "adam",
    "discriminator_optimizer.learning_rate": 3e-4,
    "discriminator_optimizer.weight_decay": 0.0,
}
_MENDED = (
    _SEES
    | _ADAM
    | {
        "model.discriminator_pooling": "mean",
        "model.discriminator_bottleneck": 0,
        "model.discriminator_activation": "leaky_relu",
    }
)


def experiment(config: ConfigDict) -> Experiment:
    """Returns the arms; everything of the discriminator is the arm's, not the config's.

    Args:
        config: of the standing generators, of data and sizes.
    """
    published = published_fields()

    def arm(name: str, what: str, changes: Overrides) -> Arm:
        return Arm(name, what, published | changes)

    def without(name: str, what: str, *left_out: str) -> Arm:
        kept = {field: v for field, v in _MENDED.items() if field not in left_out}
        return arm(f"mended_without_{name}", f"mended, but {what}", kept)

    of_features = []
    if config.model.frozen_blocks == 3:
        of_features = [
            arm(
                "mended_features",
                "mended, with the frozen blocks' features instead of the image",
                _MENDED | {"model.discriminator_input": "frozen_features"},
            )
        ]
    rate = config.discriminator_optimizer.learning_rate
    return Experiment(
        name="discriminator",
        question="Why does the discriminator die, and what keeps it alive, against "
        "generators that stand still?",
        arms=(
            arm(
                "published", "the article's, with AdaGrad at 3e-4 and weight decay", {}
            ),
            arm("paper", "Table 1's, 1x1 first", {"model.discriminator": "paper"}),
            arm(
                "released_code",
                "the released code's, 4x4 first pool, weight norm, no decay",
                {
                    "model.discriminator": "released_code",
                    "discriminator_optimizer.weight_decay": 0.0,
                },
            ),
            arm("adam", "the article's, with Adam at 3e-4", _ADAM),
            arm(
                "normalized",
                "Adam, images of values of about 1",
                _ADAM | {"model.discriminator_input": "normalized"},
            ),
            arm(
                "standardized",
                "Adam, and maps of mean 0 and deviation 1 besides",
                _ADAM | _SEES,
            ),
            arm(
                "leaky_relu",
                "that, and leaky ReLU",
                _ADAM | _SEES | {"model.discriminator_activation": "leaky_relu"},
            ),
            arm(
                "first_32",
                "standardized, and 32 channels in the first layer",
                _ADAM | _SEES | {"model.discriminator_first_outputs": 32},
            ),
            arm(
                "second_block",
                "standardized, and the map joins the image after the first block",
                _ADAM | _SEES | {"model.discriminator_map_enters": "second_block"},
            ),
            arm(
                "passes_map",
                "standardized, and a first layer that begins by passing the map on",
                _ADAM | _SEES | {"model.discriminator_first_init": "passes_map"},
            ),
            arm(
                "no_bottleneck",
                "standardized, and no layer of two units",
                _ADAM | _SEES | {"model.discriminator_bottleneck": 0},
            ),
            arm(
                "mean_pooling",
                "standardized, and a mean over places before the matrices",
                _ADAM | _SEES | {"model.discriminator_pooling": "mean"},
            ),
            arm(
                "mended",
                "standardized, with leaky ReLU, a mean over places and no layer of two "
                "units",
                _MENDED,
            ),
            without(
                "normalized",
                "with images of 0 to 255",
                "model.discriminator_input",
            ),
            without(
                "standardized",
                "with maps as they are",
                "model.discriminator_map",
            ),
            without("adam", "with AdaGrad at 3e-4", *_ADAM),
            without(
                "mean_pooling",
                "with the features of all places",
                "model.discriminator_pooling",
            ),
            without(
                "leaky_relu",
                "with ReLU",
                "model.discriminator_activation",
            ),
            arm(
                "mended_slow",
                "mended, with Adam at 1e-4",
                _MENDED | {"discriminator_optimizer.learning_rate": 1e-4},
            ),
            arm(
                "mended_narrow",
                "mended, an eighth as wide",
                _MENDED | {"model.discriminator_width": 1 / 8},
            ),
            *of_features,
            Arm(
                "config",
                f"the config's own, {config.discriminator_optimizer.rule} at {rate:g}",
                {},
            ),
        ),
        reference="published",
    )


def published_fields() -> Overrides:
    """Returns every field of the discriminator but its width as the paper has it."""
    default = fields.flat(config_module.default().to_dict())
    return {
        name: value
        for name, value in default.items()
        if name.startswith(("model.discriminator", "discriminator_optimizer."))
        or name in ("losses.r1_penalty", "losses.game", "losses.discriminator_flood")
        if not name.endswith("_width")
    }
