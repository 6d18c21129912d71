"""Draws the picture of results.md: photographs, where people look, and predictions.

python docs/draw_results.py RUNS/SALGAN RUNS/MODERN docs/results/overview.jpg
    [--dataset=osie] [--data_dir=DIR]

The photographs are spread evenly over the validation split: none is chosen by hand.
"""

import argparse

import numpy as np
from PIL import Image

from salgan_jax import checkpoints, inference, run_pictures, visualization
from salgan_jax.evaluation import chosen_images
from salgan_jax.evaluation.baseline_predictors import scored
from salgan_jax.metrics.conventions import TUEBINGEN

NUM_ROWS = 5
TITLES = ("photo", "people", "centre prior", "SalGAN as published", "modern")


def rows(salgan: str, modern: str, dataset: str, data_dir: str) -> list:
    """Returns of some validation images what the columns show; maps up to 1."""
    images = chosen_images.of_dataset(dataset, "validation", "train", data_dir)
    places = np.linspace(0, len(images.records) - 1, NUM_ROWS).round().astype(int)
    some = [images.records[int(place)] for place in places]
    centre = images.background(TUEBINGEN).baselines["centre_prior"]
    columns = [
        [record.image for record in some],
        [run_pictures.ground_truth(record) for record in some],
        centre([scored(record) for record in some]),
    ]
    for workdir in (salgan, modern):
        predict = inference.make_predictor(checkpoints.load_generator(workdir))
        columns.append(predict([record.image for record in some]))
    maps = [[run_pictures.relative(each) for each in column] for column in columns[1:]]
    return [list(row) for row in zip(columns[0], *maps, strict=True)]


def main() -> None:
    """Draws the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("salgan", help="workdir of the published recipe")
    parser.add_argument("modern", help="workdir of the recipe of today")
    parser.add_argument("output", help="the picture, a .jpg")
    parser.add_argument("--dataset", default="osie")
    parser.add_argument("--data_dir", default="")
    asked = parser.parse_args()
    drawn = visualization.panels(
        rows(asked.salgan, asked.modern, asked.dataset, asked.data_dir),
        TITLES,
        row_height=150,
    )
    Image.fromarray(drawn).save(asked.output, quality=85)


if __name__ == "__main__":
    main()
