"""Every command of the step-by-step pages runs, on files made small."""

import csv

import numpy as np
import osie_files
import publishers_files
import pytest
import salicon_files
import weight_files
from shown_commands import blocks, commands, make_clone, page, run, run_all


def shown_in(name):
    return commands("".join(blocks("bash", page(name))))


@pytest.mark.slow
def test_every_command_about_salicon_runs(tmp_path):
    folder = make_clone(tmp_path)
    salicon_files.write_salicon(folder / "SALICON", {"train": 6, "val": 3, "test": 2})
    random = np.random.default_rng(0)
    weights = {
        name: random.normal(0, 0.02, array.shape).astype(np.float32)
        for name, array in weight_files.torchvision_state().items()
    }
    weight_files.write_torch_zip_by_hand(folder / "vgg16-397923af.pth", weights)
    *shown, submit = shown_in("docs/salicon.md")
    assert len(shown) == 4
    run_all(shown, folder, width=1)
    # The benchmark has 5,000 images; that there are 2 is said before anything is done.
    code, output = run(submit, folder)
    assert code == 2 and "5000" in output and "Traceback" not in output


@pytest.mark.slow
def test_every_command_about_own_data_runs(tmp_path):
    folder = make_clone(tmp_path)
    osie_files.write(folder / "DIR", num_images=7, num_observers=3)
    run_all(
        [
            "python launch/prepare_data.py --dataset=osie --source=DIR",
            "python launch/train.py --config=configs/osie.py --workdir=runs/osie",
        ],
        folder,
    )
    rows = [["image", "x", "y", "observer"]]
    for i in range(10):
        publishers_files.write_image(folder / "FOLDER" / "images" / f"{i}.jpg", seed=i)
        rows += [[f"{i}.jpg", 3 + i, 2 + k, k] for k in range(3)]
    with open(folder / "FOLDER" / "fixations.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    shown = shown_in("docs/own_data.md")
    assert len(shown) == 4
    run_all(shown, folder)


@pytest.mark.slow
def test_every_command_about_gpus_runs(tmp_path):
    (shown,) = shown_in("docs/gpu.md")
    run_all([shown], make_clone(tmp_path))
