"""The floors of CONTRIBUTING.md, read from the imports of every file."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PICTURE = """
0 errors schedule config limits relations fields compatibility atomic places health
0 not_finite
1 models losses metrics salient_points
2 optimizers state recipe measures stepping players updates
3 parallel processes preemption data checkpoints weights visualization curves scalars
3 wandb_run
4 training beginning training_input validation milestones frozen_cache
4 compilation experiment initial_weights importing
4 export announcement run_log run_pictures intervals evaluation submission inference
4 prediction inspection config_help provenance sweep
4 loading saliency report compile_ahead demo reproduction
5 doors config_flag predictor_flags parallel_flags launch configs
"""
FLOOR_OF = {
    room: int(line[0]) for line in PICTURE.splitlines() for room in line[2:].split()
}
STORIES_AND_DOORS = [room for room, floor in FLOOR_OF.items() if floor >= 4]
NOT_WORDS = [room for room, floor in FLOOR_OF.items() if floor > 0]
ONLY_HERE = {
    "jax.pmap": ["parallel"],
    "jax.device_put": ["parallel"],
    "jax.device_put_sharded": ["parallel"],
    "tensorflow_datasets": ["data"],
    "grain": ["data"],
    "array_record": ["data"],
    "orbax": ["checkpoints"],
    "tensorboard": ["scalars"],
    "torch": ["export"],
    "av": ["prediction"],
    "gradio": ["demo"],
    "wandb": ["wandb_run"],
    "absl.flags": [
        "doors",
        "config_flag",
        "predictor_flags",
        "parallel_flags",
        "launch",
        "data",
    ],  # data: grain has flags of its own
    "salgan_jax.config": ["compatibility", "checkpoints", *STORIES_AND_DOORS],
    "ml_collections": [
        *("config", "limits", "relations", "compatibility", "checkpoints"),
        *STORIES_AND_DOORS,
    ],
    "jax": NOT_WORDS,
    "flax": NOT_WORDS,
}


def used_names(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and ast.unparse(node).startswith("jax."):
            yield ast.unparse(node)


def broken_rules(room, source):
    if room not in FLOOR_OF:
        return [f"{room} has no floor: give it one here and in CONTRIBUTING.md"]
    broken = []
    for name in used_names(source):
        for what, rooms in ONLY_HERE.items():
            if f"{name}.".startswith(f"{what}.") and room not in rooms:
                broken.append(f"{room} uses {name}; {what} belongs to {rooms}")
        package, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if package in ("", "launch", "configs"):
            broken.append(f"{room} imports {name}: import salgan_jax.room instead")
        elif package == "salgan_jax" and other not in (room, "__version__", ""):
            step = FLOOR_OF[room] - FLOOR_OF.get(other, 99)
            if step < 0 or (step == 0 and FLOOR_OF[room] == 3):
                broken.append(f"{room} (floor {FLOOR_OF[room]}) imports {other}")
    return broken


FILES = [
    path.relative_to(ROOT)
    for folder in ("salgan_jax", "launch", "configs")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.relative_to(ROOT) != Path("salgan_jax/__init__.py")
]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_go_downwards_only(path):
    room = Path(path.parts[path.parts[0] == "salgan_jax"]).stem
    assert broken_rules(room, (ROOT / path).read_text()) == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("helpers", ""),
        ("schedule", "import jax"),
        ("losses", "from salgan_jax import optimizers"),
        ("losses", "from salgan_jax.config import default"),
        ("models", "def f():\n    from salgan_jax import state"),
        ("data", "from salgan_jax.parallel import prefetch"),
        ("data", "import salgan_jax.checkpoints"),
        ("data", "from ..parallel import prefetch"),
        ("updates", "import jax\nstep = jax.pmap(len)"),
        ("training", "from jax import device_put"),
        ("training", "import orbax.checkpoint as ocp"),
        ("evaluation", "from grain import python"),
        ("training", "from absl import app, flags"),
        ("inference", "from launch import predict"),
        ("optimizers", "import ml_collections"),
        ("inference", "import torch"),
    ],
)
def test_a_broken_rule_is_noticed(room, source):
    assert len(broken_rules(room, source)) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("data", "from salgan_jax.errors import UserError"),
        ("data", "from salgan_jax.data import records"),
        ("updates", "from salgan_jax import losses, state"),
        ("training", "from absl import logging\nfrom salgan_jax import inference"),
        ("launch", "import salgan_jax\nfrom salgan_jax import doors, training"),
        ("checkpoints", "import jax\nx = jax.device_get(1)"),
    ],
)
def test_what_the_rules_allow_is_allowed(room, source):
    assert broken_rules(room, source) == []


def test_contributing_shows_the_same_picture():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| (\d) [^|]*\|([^|]*)\|", page, flags=re.MULTILINE)
    rooms = {
        room: int(floor)
        for floor, row in rows
        for room in re.findall(r"`(\w+)/?`", row)
    }
    assert rooms == FLOOR_OF


def test_importing_the_package_and_its_words_does_not_import_jax():
    program = (
        "import sys, salgan_jax, salgan_jax.doors, salgan_jax.schedule\n"
        "import salgan_jax.config\n"
        "sys.exit('jax' in sys.modules or 'flax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0
