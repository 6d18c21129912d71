"""SalGAN in JAX and Flax: saliency maps learned against an adversary.

    import salgan_jax

    salgan = salgan_jax.load("runs/osie")
    saliency_map = salgan("photo.jpg")  # float32 [H, W] in [0, 1]

Importing the package costs nothing: `load` brings JAX in when it is asked for, and each
room is imported by name, for example ``from salgan_jax import inference``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salgan_jax.saliency import load

__all__ = ["load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "load":
        from salgan_jax import saliency

        return saliency.load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
