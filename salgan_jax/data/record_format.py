"""What one example of every prepared dataset holds, and how it is stored."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow_datasets as tfds

from salgan_jax.data import images


class Record(NamedTuple):
    """An image with what people looked at in it, at the publishers' size."""

    id: str  # file stem, unique within the dataset
    image: np.ndarray  # uint8 [H, W, 3] RGB
    density_map: np.ndarray  # float32 [H, W] in [0, 1], maximum 1
    fixations: np.ndarray  # float32 [N, 2]: (x, y) in pixels, 0-based
    observers: np.ndarray  # int32 [N]: which observer each fixation is of


def dataset_info(
    builder: tfds.core.DatasetBuilder,
    *,
    description: str,
    sigma_px: float,
    homepage: str = "",
    citation: str = "",
) -> tfds.core.DatasetInfo:
    """Returns the record format, for the `_info` of a builder.

    Records stay in the order in which the builder yields them.

    Args:
      builder: the builder that asks.
      description: what the dataset shows and how its ground truth was made.
      sigma_px: sigma of the Gaussian that made the density maps, in pixels.
      homepage: where the publishers' files come from.
      citation: BibTeX.
    """
    features = tfds.features.FeaturesDict(
        {
            "id": tfds.features.Text(),
            "image": tfds.features.Image(shape=(None, None, 3)),
            "density_map": tfds.features.Image(
                shape=(None, None, 1), dtype=np.uint16, encoding_format="png"
            ),
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
    density_map: np.ndarray,
    fixations: np.ndarray,
    observers: np.ndarray,
) -> dict[str, Any]:
    """Returns the example that a builder yields.

    Args:
      record_id: file stem, unique within the dataset.
      image: the encoded image; the publishers' own bytes wherever they can be kept.
      density_map: [H, W] in [0, 1], maximum 1.
      fixations: [N, 2] (x, y) in pixels, 0-based.
      observers: [N].
    """
    return {
        "id": record_id,
        "image": image,
        "density_map": images.encode_map(density_map),
        "fixations": np.asarray(fixations, np.float32).reshape(-1, 2),
        "observers": np.asarray(observers, np.int32).reshape(-1),
    }


def undecoded() -> dict[str, Any]:
    """Returns the decoders that make TFDS hand over images as they are stored.

    Its own decoders need TensorFlow or OpenCV and ignore the EXIF orientation.
    """
    skip = tfds.decode.SkipDecoding()
    return {"image": skip, "density_map": skip}


def decode(example: Mapping[str, Any]) -> Record:
    """Returns the record of an example that was read with `undecoded`."""
    record_id = example["id"].decode()
    return Record(
        id=record_id,
        image=images.decode_image(example["image"], record_id),
        density_map=images.decode_map(example["density_map"]),
        fixations=np.asarray(example["fixations"], np.float32).reshape(-1, 2),
        observers=np.asarray(example["observers"], np.int32).reshape(-1),
    )
