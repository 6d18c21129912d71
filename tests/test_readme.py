"""Every command that the README shows runs, on a network and data made small."""

import os
import re
import shutil

import numpy as np
import osie_files
import publishers_files
import pytest
import salicon_files
import weight_files
from PIL import Image
from shown_commands import ROOT, blocks, commands, make_clone, page, run, run_all

from salgan_jax import checkpoints
from salgan_jax.data import images

README = page("README.md")
PAGES = ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working directory like the repository's, with all that the README names."""
    folder = make_clone(tmp_path_factory.mktemp("clone"))
    osie_files.write(folder / "DIR", num_images=7, num_observers=3)
    salicon_files.write_salicon(folder / "SALICON", {"train": 3, "val": 2})
    publishers_files.write_image(folder / "FOLDER" / "images" / "a.jpg")
    publishers_files.write_map(folder / "FOLDER" / "maps" / "a.png")
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 256, (50, 70, 3), np.uint8)).save(
        folder / "photo.jpg"
    )
    weight_files.write_random_vgg16(folder)
    yield folder
    shutil.rmtree(folder)  # half a gigabyte, long before the other tests end


def test_every_door_is_shown():
    doors = [path.name for path in (ROOT / "launch").glob("*.py")]
    assert len(doors) == 14
    shown = commands("".join(block for p in PAGES for block in blocks("bash", page(p))))
    assert all(any(f"launch/{door}" in line for line in shown) for door in doors)


def test_readme_begins_with_the_two_commands():
    first = blocks("bash", README)[0].split("\n")
    assert first[0].startswith("./launch/quickstart.sh ")
    assert first[1].startswith("./launch/test.sh ")
    for script in ("quickstart.sh", "test.sh"):
        assert os.access(ROOT / "launch" / script, os.X_OK)


def test_every_command_of_the_readme_runs(folder):
    shown = commands("".join(blocks("bash", README)))
    for command in shown:
        if "runs/other" in command and not (folder / "runs" / "other").exists():
            shutil.copytree(folder / "runs" / "osie", folder / "runs" / "other")
        code, output = run(command, folder)
        assert code == 0, f"{command}\n{output}"
    for name in ("photo.png", "photo_overlay.png"):
        assert images.read_image(folder / "maps" / name).shape == (50, 70, 3)
    assert (folder / "runs" / "osie" / "scores" / "metrics.json").exists()

    (snippet,) = blocks("python", README)
    (step, *_) = checkpoints.all_steps(str(folder / "runs" / "osie"))[::-1]
    snippet = snippet.replace("/absolute/path", str(folder))
    variables: dict = {}
    exec(snippet.replace("/1100/", f"/{step}/"), variables)
    kernel = variables["state"]["generator"]["params"]["encoder"]["conv3_2"]["kernel"]
    assert kernel.shape == (3, 3, 256, 256)


@pytest.mark.slow
def test_every_command_of_the_results_runs(folder):
    for dataset in ("osie", "eyecrowd"):  # which have the same layout
        prepare = f"python launch/prepare_data.py --dataset={dataset} --source=DIR"
        run_all([prepare], folder)
    for i in range(5):
        publishers_files.write_image(folder / "FIGRIM" / "images" / f"{i}.jpg")
    rows = "".join(
        f"{i}.jpg,{10 + i},20,{observer}\n" for i in range(5) for observer in "abc"
    )
    (folder / "FIGRIM" / "fixations.csv").write_text(f"image,x,y,observer\n{rows}")
    prepare = (
        "python launch/prepare_data.py --dataset=image_folder/figrim --source=FIGRIM"
    )
    run_all([f"{prepare} --sigma_px=15 --validation_every=5"], folder)
    shutil.rmtree(folder / "runs" / "osie", ignore_errors=True)
    shown = commands("".join(blocks("bash", page("docs/results.md"))))
    assert len(shown) == 15
    run_all(shown, folder)
    script, drawn = ROOT / "docs" / "draw_results.py", folder / "overview.jpg"
    code, output = run(f"python {script} runs/osie runs/osie {drawn}", folder)
    assert code == 0, output
    assert images.read_image(drawn).shape[0] > 5 * 150


def test_what_the_quickstart_runs_works_and_leaves_what_the_readme_names(folder):
    shown = commands((ROOT / "launch" / "quickstart.sh").read_text())
    assert len(shown) == 2
    run_all([command.replace("popout", "popout/tiny") for command in shown], folder)
    listed = re.search(r"Look at\n?\s*`runs/quickstart/`: (.*?)\.\s", README, re.DOTALL)
    assert listed
    names = re.findall(r"`([\w.]+)`", listed[1])
    assert len(names) == 4
    for name in names:
        assert (folder / "runs" / "quickstart" / name).stat().st_size > 100


def test_every_config_of_the_readme_exists_and_every_config_is_there():
    named = set(re.findall(r"`configs/(\w+\.py)", README))
    assert named == {path.name for path in (ROOT / "configs").glob("*.py")}


@pytest.mark.parametrize("name", PAGES)
def test_local_links_of_a_page_lead_somewhere(name):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page(name)):
        assert ((ROOT / name).parent / target).exists(), target
