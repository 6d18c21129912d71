"""Which images an evaluation takes: splits, folds, mixtures, data sets of one split."""

import miniature
import publishers_files
import pytest

from salgan_jax import compatibility
from salgan_jax.data import preparation, records
from salgan_jax.errors import UserError
from salgan_jax.evaluation import chosen_images


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Ten images with a table of fixations, and pop-out displays."""
    folder = tmp_path_factory.mktemp("mine")
    for i in range(10):
        publishers_files.write_image(folder / "images" / f"{i}.png")
    rows = "".join(f"{i}.png,{i},{i}\n" for i in range(10))
    (folder / "fixations.csv").write_text(f"image,x,y\n{rows}")
    data_dir = tmp_path_factory.mktemp("data")
    preparation.prepare("image_folder", str(folder), str(data_dir), sigma_px=2.0)
    records.open_split("popout/tiny", "train", str(data_dir))
    return str(data_dir)


def run_of(data_dir, **data):
    config = compatibility.complete(miniature.config().to_dict())
    config.data.update({"data_dir": data_dir, **data})
    return config


def ids(some):
    return [record.id for record in some]


def test_the_only_split_is_scored_and_each_image_left_out_of_the_baselines(data_dir):
    found = chosen_images.of_dataset("image_folder", None, None, data_dir)
    assert (found.split, found.train_split) == ("train", "train")
    assert found.leave_one_out and found.sigma_px == 2
    assert len(found.records) == 10


def test_validation_is_scored_where_there_is_one(data_dir):
    found = chosen_images.of_dataset("popout/tiny", None, None, data_dir)
    assert (found.split, found.train_split) == ("validation", "train")
    assert not found.leave_one_out and found.dataset == "popout/tiny"
    with pytest.raises(UserError, match="has no split 'nosuch'"):
        chosen_images.of_dataset("popout/tiny", "nosuch", None, data_dir)


def test_a_run_is_scored_on_the_fold_that_it_left_out(data_dir):
    config = run_of(data_dir, dataset="image_folder", num_folds=5, fold=2)
    found = chosen_images.of_run(config, None, None, None)
    assert ids(found.records) == ["2", "7"]
    assert ids(found.train_records) == [str(i) for i in range(10) if i % 5 != 2]
    assert not found.leave_one_out and found.held_out == "2/5"


def test_a_split_that_is_asked_for_has_no_fold(data_dir):
    config = run_of(data_dir, dataset="image_folder", num_folds=5, fold=2)
    found = chosen_images.of_run(config, "train", None, None)
    assert len(found.records) == 10 and found.leave_one_out and not found.held_out


def test_a_mixture_is_scored_on_all_its_parts(data_dir):
    mixture = "popout/tiny:3,image_folder:1"
    config = run_of(data_dir, dataset=mixture, num_folds=5, fold=0)
    found = chosen_images.of_run(config, None, None, None)
    assert ids(found.records)[-2:] == ["0", "5"]
    assert found.dataset == "popout/tiny,image_folder"
    assert found.sigma_px is None  # 4 px and 2 px: nobody's maps are comparable
