"""What a recognised weight file gives to our networks."""

from typing import Any, NamedTuple

import numpy as np

Layers = dict[str, dict[str, np.ndarray]]
"""Layers by our names, "conv3_2": {"kernel": [3, 3, in, out], "bias": [out]}."""


class Imported(NamedTuple):
    """Weights in the layout of our parameters.

    Attributes:
        what: for people, "torchvision VGG-16".
        input_convention: what the encoder expects of an image, as `models.vgg16` says;
            None where there is no encoder.
        encoder: all or the first of its layers.
        decoder: all of its layers, or none.
        discriminator: all of its layers, or none.
        variant: of the discriminator, as `initial_weights.discriminator_kind`; or None.
        config: of the run that made the file, if it was ours.
        step: updates that run had made; 0 for other files.
    """

    what: str
    input_convention: str | None
    encoder: Layers
    decoder: Layers
    discriminator: Layers
    variant: str | None = None
    config: dict[str, Any] | None = None
    step: int = 0

    @property
    def is_generator(self) -> bool:
        """Whether there is a whole generator."""
        return bool(self.encoder and self.decoder)
