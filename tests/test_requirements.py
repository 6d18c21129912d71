import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def requirements(file):
    lines = (ROOT / file).read_text().splitlines()
    lines = [line.partition(" #")[0] for line in lines]
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def names(lines):
    return [re.split(r"[\[<>=]", line)[0] for line in lines]


def test_pyproject_names_exactly_what_requirements_pins():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == names(requirements("requirements.txt"))


def test_pyproject_names_everything_that_is_imported_but_what_is_optional():
    imported = {
        name.partition(".")[0]
        for folder in ("salgan_jax", "launch", "configs")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in [getattr(node, "module", None) or node.names[0].name]
    }
    optional = {
        name
        for extra in ("export", "apps", "wandb")
        for name in names(requirements(f"requirements-{extra}.txt"))
    }
    ours = {"salgan_jax", "benchmarks"}
    others = imported - sys.stdlib_module_names - ours - optional
    packages_of = importlib.metadata.packages_distributions()
    pinned = set(names(requirements("requirements.txt")))
    assert [name for name in others if pinned.isdisjoint(packages_of[name])] == []


def test_a_wheel_carries_every_file_that_the_package_reads():
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    carried = {
        path
        for package, patterns in setup["package-data"].items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    files = (ROOT / "salgan_jax").rglob("*.*")
    assert carried == {x for x in files if x.suffix not in (".py", ".pyc")} != set()


def test_every_accelerator_file_asks_for_the_same_jax():
    (pin,) = (x[3:] for x in requirements("requirements.txt") if x.startswith("jax>"))
    for extra in ("tpu", "cuda13"):
        file = f"requirements-{extra.rstrip('13')}.txt"
        assert requirements(file)[0] == f"jax[{extra}]{pin}"


def test_every_requirement_that_can_break_us_has_an_upper_bound():
    for file in (
        "",
        "-dev",
        "-browser",
        "-export",
        "-apps",
        "-docs",
        "-wandb",
        "-tpu",
        "-cuda",
    ):
        unbounded = [
            line for line in requirements(f"requirements{file}.txt") if "<" not in line
        ]
        assert unbounded == []
