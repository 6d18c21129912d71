"""The commands that a page shows, and running them on a network made small."""

import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]
SIZE = "--config.data.image_size="  # given twice, it would be of four numbers
SMALL = (
    "--config.batch_size=2",
    f"{SIZE}(32,48)",
    "--config.phases.bootstrap_epochs=1",
    "--config.phases.num_epochs=2",
)


def page(name):
    return (ROOT / name).read_text()


def blocks(language, text):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(text):
    joined = text.replace("\\\n", " ")
    lines = (line.partition("#")[0].strip() for line in joined.splitlines())
    return [line for line in lines if re.match(r"(\S*/)?python launch/", line)]


def make_clone(folder):
    """Makes a working directory like the repository's."""
    for name in ("launch", "configs"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def run(command, folder, *, width=0.0625):
    words = shlex.split(command)
    words[0] = sys.executable
    if "launch/train.py" in words:
        # An encoder with VGG-16's weights has VGG-16's width.
        has_weights = ".pth" in command or ".h5" in command
        part = "decoder_width" if has_weights else "width_multiplier"
        words = [word for word in words if not word.startswith(SIZE)]
        words += [*SMALL, f"--config.model.{part}={width}"]
        if "modern.py" in command:  # which has no second phase
            words += ["--config.phases.num_epochs=1"]
    # At VGG-16's width a program that is not optimized at all costs more than it saves.
    flags = os.environ["XLA_FLAGS"].replace(
        "optimization_level=0", "optimization_level=1"
    )
    result = subprocess.run(
        words,
        cwd=folder,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "TFDS_DATA_DIR": str(folder / "datasets"),
            "XLA_FLAGS": flags,
        },
        capture_output=True,
        text=True,
    )
    return result.returncode, result.stdout + result.stderr


def run_all(shown, folder, **options):
    """Runs all, each in its turn; the first that fails is shown with its output."""
    for command in shown:
        code, output = run(command, folder, **options)
        assert code == 0, f"{command}\n{output}"
