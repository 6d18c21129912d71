"""The table of primitives: what every layer computes with, and in which form where.

Parameters are always a plain kernel [3, 3, in, out], whichever form computes the
result, so that a checkpoint never depends on that choice. All forms equal the
reference; `launch/benchmark.py` measures them.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax

from salgan_jax.models import cpu_forms, phase_forms, reference_forms


class Primitives(NamedTuple):
    """One form of each primitive; the signatures are those of `reference_forms`.

    Attributes:
        conv3x3: (x [b, h, w, c], kernel [3, 3, c, d]) -> [b, h, w, d].
        dilated2_conv3x3: the same; the taps of the kernel are two pixels apart.
        upsample2_conv3x3: the same arguments -> [b, 2 h, 2 w, d].
        max_pool2: x [b, h, w, c] -> [b, h/2, w/2, c].
    """

    conv3x3: Callable[[jax.Array, jax.Array], jax.Array]
    dilated2_conv3x3: Callable[[jax.Array, jax.Array], jax.Array]
    upsample2_conv3x3: Callable[[jax.Array, jax.Array], jax.Array]
    max_pool2: Callable[[jax.Array], jax.Array]


REFERENCE = Primitives(
    reference_forms.conv3x3,
    reference_forms.dilated2_conv3x3,
    reference_forms.upsample2_conv3x3,
    reference_forms.max_pool2,
)
_PHASES = REFERENCE._replace(upsample2_conv3x3=phase_forms.upsample2_conv3x3)

FORMS = {
    "reference": REFERENCE,
    "cpu": Primitives(
        cpu_forms.conv3x3,
        cpu_forms.dilated2_conv3x3,
        cpu_forms.upsample2_conv3x3,
        cpu_forms.max_pool2,
    ),
    # A phase saves arithmetic anywhere. Which forms win here is not yet measured.
    "gpu": _PHASES,
    "tpu": _PHASES,
}
AUTO = "auto"


def select(name: str = AUTO) -> Primitives:
    """Returns the forms of a name in `FORMS`, or for "auto" those of this platform.

    Raises:
        ValueError: there are no forms of that name.
    """
    if name == AUTO:
        platform = jax.default_backend()
        return FORMS.get(
            {"cuda": "gpu", "rocm": "gpu"}.get(platform, platform), _PHASES
        )
    if name not in FORMS:
        raise ValueError(f"primitives {name!r}: use one of {AUTO}, {', '.join(FORMS)}")
    return FORMS[name]
