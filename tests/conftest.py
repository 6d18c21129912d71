"""What every test shares: fake devices, strict shapes, the real data if present."""

import os
from pathlib import Path

# Tests ask what is computed, not how fast: the compiler may leave its best work out.
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "")
    + " --xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    + " --xla_cpu_use_fusion_emitters=false"
)

# Compiled once for all tests, for the scripts they start and for the next session.
_PROGRAMS = Path(__file__).resolve().parents[1] / ".pytest_cache" / "programs"
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(_PROGRAMS)
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.5"

import jax
import pytest

# On a machine with an accelerator too, here and in the scripts that tests start.
os.environ["JAX_PLATFORMS"] = "cpu"
jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_numpy_rank_promotion", "raise")

# Begun last, they would leave the other core idle.
_LONG_FILES = tuple(
    f"test_{name}" for name in ("interrupted_runs", "readme", "training", "updates")
)

_SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also run the slow tests")
    parser.addoption(
        "--fuzz",
        type=int,
        default=200,
        help="how many broken copies of a file of each format are tried",
    )
    parser.addoption(
        "--kills", type=int, default=4, help="how often a run is killed and goes on"
    )


def pytest_collection_modifyitems(config, items):
    items.sort(key=lambda item: item.path.stem not in _LONG_FILES)
    if config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def fuzz_count(request) -> int:
    """How many broken copies of each file a fuzz test tries."""
    return request.config.getoption("--fuzz")


@pytest.fixture(scope="session")
def num_kills(request) -> int:
    """How often the test of a killed run kills it."""
    return request.config.getoption("--kills")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data next to the repository."""
    if not _SHARED_DATA.is_dir():
        pytest.skip("no real data: the folder ../shared/data is absent")
    return _SHARED_DATA


@pytest.fixture(scope="session")
def osie_source(shared_data) -> Path:
    """The OSIE publishers' files."""
    return _folder_of(shared_data, "osie", "OSIE files")


@pytest.fixture(scope="session")
def eyecrowd_source(shared_data) -> Path:
    """The EyeCrowd publishers' files."""
    return _folder_of(shared_data, "eyecrowd", "EyeCrowd files")


@pytest.fixture(scope="session")
def figrim_source(shared_data) -> Path:
    """FIGRIM's filler images and their fixations, in the layout of `image_folder`."""
    return _folder_of(shared_data, "figrim_folder", "FIGRIM images")


def _folder_of(shared_data: Path, name: str, what: str) -> Path:
    source = shared_data / name
    if not source.is_dir():
        pytest.skip(f"no {what}: the folder ../shared/data/{name} is absent")
    return source
