"""Small folders in the layout of the OSIE publishers, for the tests."""

import numpy as np
import scipy.io
from PIL import Image


def write(folder, *, num_images, num_observers):
    """Images of 60x80 noise, called 1001.jpg and so on, and their fixations."""
    random = np.random.default_rng(0)
    (folder / "data" / "stimuli").mkdir(parents=True)
    (folder / "data" / "eye").mkdir()
    for i in range(num_images):
        noise = random.integers(0, 256, (60, 80, 3), np.uint8)
        Image.fromarray(noise).save(folder / "data" / "stimuli" / f"{1001 + i}.jpg")
    write_fixations(folder, [subjects(i, num_observers) for i in range(num_images)])


def subjects(image_index, num_observers=3):
    """Observer k of image i looks at (10 i + 1.5, 10 k + 2.5), then at (40, 30)."""
    return [
        ([10 * image_index + 1.5, 40.0], [10 * observer + 2.5, 30.0])
        for observer in range(num_observers)
    ]


def write_fixations(folder, subjects_of_images):
    cells = np.empty((len(subjects_of_images), 1), object)
    for i, subjects in enumerate(subjects_of_images):
        observers = np.empty((len(subjects), 1), object)
        for k, (x, y) in enumerate(subjects):
            observers[k, 0] = {
                "fix_x": np.array([x], float),
                "fix_y": np.array([y], float),
                "fix_duration": np.full((1, len(x)), 200.0),
            }
        cells[i, 0] = {"img": f"{1001 + i}.jpg", "subjects": observers}
    path = folder / "data" / "eye" / "fixations.mat"
    scipy.io.savemat(path, {"fixations": cells})
