"""What a recipe may be improved with: each ingredient is off in the config's defaults.

The experiment `ingredients` adds each to SalGAN alone. Here an ingredient is fields of
a config and what they are when it is on; off is what `salgan_jax/config.py` has.
"""

from typing import Any, NamedTuple


class Ingredient(NamedTuple):
    """Something that can be added to a recipe.

    Attributes:
        what: it is, in a sentence.
        fields: full name -> value of those that turn it on.
    """

    what: str
    fields: dict[str, Any]


INGREDIENTS: dict[str, Ingredient] = {
    "horizontal_flip": Ingredient(
        "Half of the training examples are mirrored.", {"data.horizontal_flip": True}
    ),
}
