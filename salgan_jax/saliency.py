"""Saliency maps in three lines of Python, by the path that `launch/predict.py` takes.

import salgan_jax

salgan = salgan_jax.load("runs/osie")
maps = salgan(["photo.jpg", "another.jpg"])
"""

import os
from collections.abc import Iterable
from typing import Any, overload

import numpy as np
from PIL import Image

from salgan_jax import inference, loading
from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.data import images as image_files
from salgan_jax.errors import UserError, chosen

AnImage = np.ndarray | Image.Image | str | os.PathLike[str]
_ACCEPTED = (
    "an image is an array, uint8 [H, W, 3] RGB, a picture of Pillow's or the path of a "
    "file"
)


def load(
    place: str | os.PathLike[str],
    *,
    step: int | None = None,
    batch_size: int = 0,
    post_processing: str = "none",
    backend: str = "jax",
    precision: str = "auto",
) -> "Salgan":
    """Returns a trained SalGAN, which is called with images.

    Args:
      place: the workdir of a run, the folder of one step in it, what
        `launch/import_weights.py` wrote, or a file of
        `launch/export.py --format=safetensors`.
      step: which checkpoint of a workdir; by default the newest that is intact.
      batch_size: images that pass the network at once; 0: what suits this machine.
      post_processing: "none", or "released_code" for maps as the authors' code makes
        them.
      backend: "jax" or "openvino".
      precision: "float32", "bfloat16", or "auto", what is fast on this machine.

    Raises:
      FileNotFoundError: there is no checkpoint.
      UserError: it is damaged, holds no whole generator, or an argument is unknown.
    """
    chosen(post_processing, inference.POST_PROCESSING, "post_processing")
    chosen(backend, inference.BACKENDS, "backend")
    chosen(precision, inference.PRECISIONS, "precision")
    if batch_size < 0:
        raise UserError(f"batch_size={batch_size}: it must be 0 (chosen) or more")
    loaded = loading.load_generator(place, step)
    return Salgan(
        loaded,
        batch_size or inference.preferred_batch_size(loaded),
        post_processing=post_processing,
        backend=backend,
        precision=precision,
    )


class Salgan:
    """A trained SalGAN. Called with images it returns where people look in them.

    Attributes:
      loaded: generator, parameters, config and step.
      batch_size: images that pass the network at once.
    """

    def __init__(
        self,
        loaded: LoadedGenerator,
        batch_size: int,
        **how: Any,  # of `inference.make_predictor`
    ) -> None:
        self.loaded = loaded
        self.batch_size = batch_size
        self._predict = inference.make_predictor(loaded, batch_size, **how)

    @overload
    def __call__(self, images: AnImage) -> np.ndarray: ...

    @overload
    def __call__(self, images: Iterable[AnImage]) -> list[np.ndarray]: ...

    def __call__(
        self, images: AnImage | Iterable[AnImage]
    ) -> np.ndarray | list[np.ndarray]:
        """Returns saliency maps, float32 [H, W] in [0, 1], each of its image's size.

        Args:
          images: one image, for one map, or several, for a list of as many. An image is
            an array, uint8 [H, W, 3] RGB, a picture of Pillow's or the path of a file.
            Pictures and files are turned upright and laid on white.

        Raises:
          FileNotFoundError: there is no such file.
          UserError: one is no image, or the network's predictions are not finite.
        """
        several = _several(images)
        if several is None:
            return self._predict([_pixels(images)])[0]
        return self._predict([_pixels(image) for image in several])

    def __repr__(self) -> str:
        height, width = self.loaded.config.data.image_size
        return (
            f"<SalGAN {self.loaded.config.name!r}, step {self.loaded.step}, "
            f"{height}x{width}>"
        )


def _several(images: Any) -> Iterable[Any] | None:
    """What was given if it is several images, None if it is one."""
    if isinstance(images, str | os.PathLike | Image.Image):
        return None
    if hasattr(images, "shape"):
        return images if len(images.shape) == 4 else None
    if not isinstance(images, Iterable):
        raise UserError(f"{_ACCEPTED}; given: {type(images).__name__}")
    return images


def _pixels(image: Any) -> np.ndarray:
    """The image as uint8 [H, W, 3]."""
    if isinstance(image, str | os.PathLike):
        return image_files.read_image(os.path.expanduser(image))
    if isinstance(image, Image.Image):
        return image_files.from_pillow(image)
    if not hasattr(image, "shape") or not hasattr(image, "dtype"):
        raise UserError(f"{_ACCEPTED}; given: {type(image).__name__}")
    given = f"{image.dtype} {list(image.shape)}"
    array = np.asarray(image)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        raise UserError(f"{_ACCEPTED}; given: an array, {given}")
    if not array.size:
        raise UserError(f"the image has no pixels: {given}")
    return array
