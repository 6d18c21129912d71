"""Every command that the README shows runs, on a network and data made small."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import numpy as np
import osie_files
import pytest
import test_weights
from PIL import Image

from salgan_jax import checkpoints
from salgan_jax.data import images

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SMALL = (
    "--config.batch_size=2",
    "--config.data.image_size=(32,48)",
    "--config.model.width_multiplier=0.0625",
    "--config.phases.bootstrap_epochs=1",
    "--config.phases.num_epochs=2",
)


def blocks(language, page=README):
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def commands(text):
    joined = text.replace("\\\n", " ")
    lines = (line.partition("#")[0].strip() for line in joined.splitlines())
    return [line for line in lines if re.match(r"(\S*/)?python launch/", line)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working directory like the repository's, with OSIE and a photograph in it."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("launch", "configs"):
        (folder / name).symlink_to(ROOT / name)
    osie_files.write(folder / "DIR", num_images=7, num_observers=3)
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 256, (50, 70, 3), np.uint8)).save(
        folder / "photo.jpg"
    )
    return folder


def run(command, folder):
    words = shlex.split(command)
    words[0] = sys.executable
    if "launch/train.py" in words:
        words += SMALL
    result = subprocess.run(
        words,
        cwd=folder,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "TFDS_DATA_DIR": str(folder / "datasets"),
        },
        capture_output=True,
        text=True,
    )
    return result.returncode, result.stdout + result.stderr


def test_readme_begins_with_the_two_commands():
    first = blocks("bash")[0].split("\n")
    assert first[0].startswith("./launch/quickstart.sh ")
    assert first[1].startswith("./launch/test.sh ")
    for script in ("quickstart.sh", "test.sh"):
        assert os.access(ROOT / "launch" / script, os.X_OK)


def test_every_command_of_the_readme_runs(folder):
    shown = commands("".join(blocks("bash")))
    doors = ["prepare_data", "train", "evaluate", "predict", "inspect_checkpoint"]
    assert all(any(f"launch/{door}.py" in line for line in shown) for door in doors)
    for command in shown:
        if "runs/other" in command:
            shutil.copytree(folder / "runs" / "osie", folder / "runs" / "other")
        code, output = run(command, folder)
        assert code == 0, f"{command}\n{output}"
    for name in ("photo.png", "photo_overlay.png"):
        assert images.read_image(folder / "maps" / name).shape == (50, 70, 3)
    assert (folder / "runs" / "osie" / "scores" / "metrics.json").exists()

    (snippet,) = blocks("python")
    (step, *_) = checkpoints.all_steps(str(folder / "runs" / "osie"))[::-1]
    snippet = snippet.replace("/absolute/path", str(folder))
    variables: dict = {}
    exec(snippet.replace("/770/", f"/{step}/"), variables)
    kernel = variables["state"]["generator"]["params"]["encoder"]["conv3_2"]["kernel"]
    assert kernel.shape == (3, 3, 16, 16)


@pytest.mark.slow
def test_every_command_of_the_results_runs(folder):
    page = (ROOT / "docs" / "results.md").read_text()
    test_weights.write_keras_npz(
        folder / "vgg16_keras_block1_2.npz", blocks=2, width=64 // 16
    )
    source = f"--source={folder / 'DIR'}"
    run(f"python launch/prepare_data.py --dataset=osie {source}", folder)
    shutil.rmtree(folder / "runs" / "osie", ignore_errors=True)
    shown = commands("".join(blocks("bash", page)))
    assert len(shown) == 3
    for command in shown:
        code, output = run(command, folder)
        assert code == 0, f"{command}\n{output}"


def test_what_the_quickstart_runs_works_and_leaves_what_the_readme_names(folder):
    shown = commands((ROOT / "launch" / "quickstart.sh").read_text())
    assert len(shown) == 2
    for command in shown:
        code, output = run(command.replace("popout", "popout/tiny"), folder)
        assert code == 0, f"{command}\n{output}"
    listed = re.search(r"Look at\n?\s*`runs/quickstart/`: (.*?)\.\s", README, re.DOTALL)
    assert listed
    names = re.findall(r"`([\w.]+)`", listed[1])
    assert len(names) == 4
    for name in names:
        assert (folder / "runs" / "quickstart" / name).stat().st_size > 100


def test_every_config_of_the_readme_exists_and_every_config_is_there():
    named = set(re.findall(r"`configs/(\w+\.py)", README))
    assert named == {path.name for path in (ROOT / "configs").glob("*.py")}


def test_local_links_of_the_readme_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
