"""Several data sets as one, mixed by weight: how a config names them."""

import re

from salgan_jax.errors import UserError


def parse(datasets: str) -> list[tuple[str, float]]:
    """Returns names and weights of "osie" or of "salicon/2017:3,osie:1".

    >>> parse("salicon/2017:3,osie")
    [('salicon/2017', 3.0), ('osie', 1.0)]

    Raises:
        UserError: a weight is not a number above 0, or a name is there twice.
    """
    mixture = []
    for text in datasets.split(","):
        name, colon, weight = text.strip().partition(":")
        is_number = re.fullmatch(r"\d+(\.\d*)?|\.\d+", weight.strip())
        if not name or (colon and not is_number) or (colon and not float(weight) > 0):
            raise UserError(
                f"{datasets!r} does not name data sets: write a name, or several with "
                "weights above 0, as in salicon/2017:3,osie:1"
            )
        mixture.append((name.strip(), float(weight) if colon else 1.0))
    names = [name for name, _ in mixture]
    if len(set(names)) < len(names):
        raise UserError(f"{datasets!r} names a data set twice")
    return mixture
