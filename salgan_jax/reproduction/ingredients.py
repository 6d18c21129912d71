"""What a recipe may be improved with, each alone: fields of a config that turn it on.

The experiment `ingredients` adds each to SalGAN; docs/results.md says by how much it
helped. `configs/modern.py` has some of them.
"""

from typing import Any, NamedTuple


class Ingredient(NamedTuple):
    """Something that can be added to a recipe.

    Attributes:
        what: it is, in a sentence.
        fields: full name -> value of those that turn it on.
        is_off_by_default: off is what `salgan_jax/config.py` has, whatever a config
            has; else it is what the config has.
    """

    what: str
    fields: dict[str, Any]
    is_off_by_default: bool = True


INGREDIENTS: dict[str, Ingredient] = {
    "horizontal_flip": Ingredient(
        "half of the training examples are mirrored", {"data.horizontal_flip": True}
    ),
    "kld": Ingredient("KL divergence beside cross-entropy", {"losses.kld": 1.0}),
    "cc": Ingredient("CC beside cross-entropy", {"losses.cc": 1.0}),
    "nss": Ingredient("NSS beside cross-entropy", {"losses.nss": 1.0}),
    "kl_cc_nss": Ingredient(
        "KL divergence - CC - NSS beside cross-entropy",
        {"losses.kld": 1.0, "losses.cc": 1.0, "losses.nss": 1.0},
    ),
    "kl_cc_nss_alone": Ingredient(
        "KL divergence - CC - NSS instead of cross-entropy",
        {"losses.bce": 0.0, "losses.kld": 1.0, "losses.cc": 1.0, "losses.nss": 1.0},
    ),
    "output_bias": Ingredient(
        "the last layer's bias starts at the logit of the mean value of the training "
        "maps",
        {"model.output_bias": True},
    ),
    "average": Ingredient(
        "the moving average of the generator's parameters predicts",
        {"phases.average_decay": 0.99},
    ),
    "batch_2": Ingredient("a step for every two images", {"batch_size": 2}, False),
    "adamw": Ingredient(
        "AdamW for the generator, with warm-up and cosine in each phase",
        {
            "bootstrap_optimizer.rule": "adamw",
            "bootstrap_optimizer.learning_rate": 2e-4,
            "bootstrap_optimizer.schedule": "warmup_cosine",
            "generator_optimizer.rule": "adamw",
            "generator_optimizer.learning_rate": 3e-4,
            "generator_optimizer.schedule": "warmup_cosine",
            "phases.carry_optimizer_state": False,
        },
        is_off_by_default=False,
    ),
    "adagrad": Ingredient(
        "AdaGrad at a constant 3e-4 for the generator, the paper's",
        {
            "bootstrap_optimizer.rule": "adagrad",
            "bootstrap_optimizer.learning_rate": 3e-4,
            "bootstrap_optimizer.schedule": "constant",
            "generator_optimizer.rule": "adagrad",
            "generator_optimizer.learning_rate": 3e-4,
            "generator_optimizer.schedule": "constant",
        },
        is_off_by_default=False,
    ),
    "constant_rate": Ingredient(
        "the generator's learning rate stays as it is",
        {
            "bootstrap_optimizer.schedule": "constant",
            "generator_optimizer.schedule": "constant",
        },
        is_off_by_default=False,
    ),
    "epochs_6": Ingredient(
        "six epochs, all of content loss",
        {"phases.bootstrap_epochs": 6, "phases.num_epochs": 6},
        is_off_by_default=False,
    ),
    "r1_penalty": Ingredient(
        "the discriminator's gradient at true maps is penalised",
        {"losses.r1_penalty": 1.0},
    ),
    "spectral_norm": Ingredient(
        "the discriminator's kernels are divided by their largest singular value",
        {"model.discriminator_norm": "spectral"},
    ),
    "normalized_rgb": Ingredient(
        "the discriminator sees images of the size of maps, not 0 to 255",
        {"model.discriminator_input": "normalized"},
    ),
    "centre_prior": Ingredient(
        "a learned Gaussian is added to the logits", {"model.centre_prior": True}
    ),
    "skip_connections": Ingredient(
        "the decoder is given what goes into block 4 of the encoder, and into block 3 "
        "where that is trained",
        {"model.skip_connections": True},
    ),
    "dilated": Ingredient(
        "block 5 is dilated and works at 1/8 of the size, without pool4",
        {"model.dilated": True},
    ),
    "smoothing": Ingredient(
        "the logits are blurred by a Gaussian of one pixel",
        {"model.smoothing_sigma": 1.0},
    ),
    "trained_block3": Ingredient(
        "block 3 of VGG-16 trains too", {"model.frozen_blocks": 2}, False
    ),
    "frozen_block4": Ingredient(
        "block 4 of VGG-16 keeps its weights", {"model.frozen_blocks": 4}, False
    ),
    "size_192x256": Ingredient(
        "images and maps of 192x256", {"data.image_size": (192, 256)}, False
    ),
    "size_288x384": Ingredient(
        "images and maps of 288x384", {"data.image_size": (288, 384)}, False
    ),
}
