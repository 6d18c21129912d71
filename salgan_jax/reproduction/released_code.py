"""Where the authors' released code does otherwise than the paper, change by change."""

from ml_collections import ConfigDict

from salgan_jax.config import default
from salgan_jax.reproduction.arms import Arm, Experiment, Overrides
from salgan_jax.reproduction.discriminator_arms import published_fields
from salgan_jax.sweep import points

_OPTIMIZERS = ("bootstrap_optimizer", "generator_optimizer", "discriminator_optimizer")
_AS_WRITTEN: Overrides = {
    **published_fields(),
    **{
        name: value
        for name, value in points.as_json(default()).items()
        if name.partition(".")[0] in ("losses", *_OPTIMIZERS)
    },
    "phases.carry_optimizer_state": True,
    "phases.discriminator_warmup_epochs": 0,
}
_AS_RELEASED: dict[str, tuple[str, Overrides]] = {
    "no_weight_decay": (
        "without weight decay, which the code loses in a line break",
        {f"{optimizer}.weight_decay": 0.0 for optimizer in _OPTIMIZERS},
    ),
    "alpha_0.05": ("content loss ten times as heavy", {"losses.alpha": 0.05}),
    "discriminator": (
        "the code's discriminator: 4x4 pool first, weights of conv3 normalised",
        {"model.discriminator": "released_code"},
    ),
    "bootstrap_nesterov": (
        "bootstrap with Nesterov momentum, its slots not carried over",
        {
            "bootstrap_optimizer.rule": "nesterov",
            "bootstrap_optimizer.learning_rate": 1e-3,
            "bootstrap_optimizer.momentum": 0.5,
            "phases.carry_optimizer_state": False,
        },
    ),
}


def experiment(config: ConfigDict) -> Experiment:
    """The paper as written against each thing that the authors' code does otherwise."""
    del config
    together = [changes for _, changes in _AS_RELEASED.values()]
    return Experiment(
        name="released_code",
        question="Which differences between the paper and the authors' released code "
        "matter?",
        arms=(
            Arm("paper", "as the paper has it", _AS_WRITTEN),
            *(
                Arm(name, what, _AS_WRITTEN | changes)
                for name, (what, changes) in _AS_RELEASED.items()
            ),
            Arm(
                "released_code",
                "all of these at once",
                _AS_WRITTEN | {k: v for each in together for k, v in each.items()},
            ),
        ),
        reference="paper",
        notes=("The input convention is that of the initial weights in all arms.",),
    )
