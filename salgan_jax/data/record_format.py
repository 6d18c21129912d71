"""What one example of every prepared dataset holds, and how it is stored."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow_datasets as tfds

from salgan_jax.data import images

UNKNOWN_OBSERVER = -1


class Record(NamedTuple):
    """An image with what people looked at in it, at the publishers' size."""

    id: str  # file stem, unique within the split
    image: np.ndarray  # uint8 [H, W, 3] RGB
    density_map: np.ndarray | None  # float32 [H, W] in [0, 1]; None: not given
    fixations: np.ndarray | None  # float32 [N, 2]: (x, y) in pixels, 0-based, or None
    observers: np.ndarray | None  # int32 [N], -1 where unknown; None as fixations

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.image.shape[0], self.image.shape[1]


class Outline(NamedTuple):
    """A record without its image, which is not decoded."""

    id: str
    size: tuple[int, int]  # (height, width) in pixels
    fixations: np.ndarray | None  # as in `Record`
    read_density_map: Callable[[], np.ndarray | None]  # as in `Record`, decoded then


def dataset_info(
    builder: tfds.core.DatasetBuilder,
    *,
    description: str,
    sigma_px: float | None,
    homepage: str = "",
    citation: str = "",
) -> tfds.core.DatasetInfo:
    """Returns the record format, for the `_info` of a builder.

    Records stay in the order in which the builder yields them.

    Args:
      builder: the builder that asks.
      description: what the dataset shows and how its ground truth was made.
      sigma_px: sigma of the Gaussian that makes density maps of fixations, in pixels;
        None where nobody has said.
      homepage: where the publishers' files come from.
      citation: BibTeX.
    """
    features = tfds.features.FeaturesDict(
        {
            "id": tfds.features.Text(),
            "image": tfds.features.Image(shape=(None, None, 3)),
            "size": tfds.features.Tensor(shape=(2,), dtype=np.int32),
            # An encoded grey image, empty where there is none.
            "density_map": tfds.features.Text(),
            "has_fixations": tfds.features.Scalar(dtype=np.bool_),
            "fixations": tfds.features.Tensor(shape=(None, 2), dtype=np.float32),
            "observers": tfds.features.Tensor(shape=(None,), dtype=np.int32),
        }
    )
    return tfds.core.DatasetInfo(
        builder=builder,
        description=description,
        features=features,
        homepage=homepage or None,
        citation=citation or None,
        metadata=tfds.core.MetadataDict(fixation_sigma_px=sigma_px),
        disable_shuffling=True,
    )


def encode(
    *,
    record_id: str,
    image: bytes,
    size: tuple[int, int],
    density_map: np.ndarray | bytes | None,
    fixations: np.ndarray | None,
    observers: np.ndarray | None,
) -> dict[str, Any]:
    """Returns the example that a builder yields.

    Args:
      record_id: file stem, unique within the split.
      image: the encoded image; the publishers' own bytes wherever they can be kept.
      size: (height, width) of the image.
      density_map: [H, W] in [0, 1], or the publishers' grey PNG or JPEG as it is.
      fixations: [N, 2] (x, y) in pixels, 0-based; [0, 2] where nobody looked.
      observers: [N], -1 where unknown.
    """
    if density_map is None:
        density_map = b""
    elif not isinstance(density_map, bytes):
        density_map = images.encode_map(density_map)
    has_fixations = fixations is not None
    points = fixations if has_fixations else np.empty((0, 2))
    return {
        "id": record_id,
        "image": image,
        "size": np.array(size, np.int32),
        "density_map": density_map,
        "has_fixations": has_fixations,
        "fixations": np.asarray(points, np.float32).reshape(-1, 2),
        "observers": np.asarray(observers if has_fixations else [], np.int32).reshape(
            -1
        ),
    }


def undecoded() -> dict[str, Any]:
    """Returns the decoders that make TFDS hand over images as they are stored.

    Its own decoders need TensorFlow or OpenCV and ignore the EXIF orientation.
    """
    return {"image": tfds.decode.SkipDecoding()}


def decode(example: Mapping[str, Any]) -> Record:
    """Returns the record of an example that was read with `undecoded`."""
    record_id = _id(example)
    observers = None
    if example["has_fixations"]:
        observers = np.asarray(example["observers"], np.int32).reshape(-1)
    return Record(
        id=record_id,
        image=images.decode_image(example["image"], record_id, max_megapixels=math.inf),
        density_map=_density_map(example),
        fixations=_fixations(example),
        observers=observers,
    )


def outline(example: Mapping[str, Any]) -> Outline:
    """Returns all but the image of an example that was read with `undecoded`."""
    height, width = example["size"]
    return Outline(
        _id(example),
        (int(height), int(width)),
        _fixations(example),
        functools.partial(_density_map, example),
    )


def _id(example: Mapping[str, Any]) -> str:
    return example["id"].decode()


def _density_map(example: Mapping[str, Any]) -> np.ndarray | None:
    encoded = example["density_map"]
    if not encoded:
        return None
    # Whoever prepared it has said how large it may be.
    return images.decode_map(encoded, _id(example), max_megapixels=math.inf)


def _fixations(example: Mapping[str, Any]) -> np.ndarray | None:
    if not example["has_fixations"]:
        return None
    return np.asarray(example["fixations"], np.float32).reshape(-1, 2)
