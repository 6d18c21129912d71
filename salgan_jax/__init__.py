"""SalGAN in JAX and Flax: saliency maps learned against an adversary.

Importing the package costs nothing: each room is imported by name, for example
``from salgan_jax import inference``.
"""

__version__ = "0.1.0"
