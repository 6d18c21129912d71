"""The image on which an export and its checkpoint are compared."""

import os
from typing import Any

import numpy as np
from absl import logging
from ml_collections import ConfigDict

from salgan_jax.data import geometry, images, selection
from salgan_jax.data.builders import popout_displays
from salgan_jax.data.selection import Folds
from salgan_jax.errors import UserError


def choose(path: str | None, config: ConfigDict) -> tuple[str, np.ndarray]:
    """Returns a name and an image float32 [1, height, width, 3] in 0..255.

    The image at `path`, else the first one that the checkpoint was evaluated on, else,
    where its data set is not on this machine, a generated display.

    Raises:
        UserError, FileNotFoundError: the image at `path` cannot be read.
    """
    if path is not None:
        name, image = os.path.basename(path), images.read_image(path)
    else:
        name, image = _of_data_set(config)
    height, width = config.data.image_size
    frame = geometry.image_to_frame(
        image, frame_size=(height, width), geometry=config.data.geometry
    )
    return name, frame[None].astype(np.float32)


def _of_data_set(config: ConfigDict) -> tuple[str, np.ndarray]:
    data: Any = config.data
    try:
        record = selection.open_evaluation(
            data.dataset,
            train_split=data.train_split,
            eval_split=data.eval_split,
            data_dir=data.data_dir,
            folds=Folds(data.num_folds, data.fold),
        )[0]
    except (FileNotFoundError, UserError) as error:
        logging.info("no image of %s: %s", data.dataset, error)
        display = popout_displays.make_display((0,))
        return "a generated display", display.image
    return f"{record.id} of {data.dataset}", record.image
