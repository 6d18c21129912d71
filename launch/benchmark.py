"""Measures this project beside PyTorch, on this machine, in one run.

  python launch/benchmark.py --quick

Times are taken in turns, so that a busy machine is fair, and only of contestants that
compute the same from the same weights. All results are printed. Without --quick they
are kept in benchmarks/results/<machine>.json and shown in docs/performance.md.
"""

import json
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
# benchmarks/ is no part of the installed package.
sys.path.insert(0, str(ROOT))
# Two frameworks share an accelerator: neither takes all of its memory at once.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
# New programs each time, so that the seconds to compile them are true.
os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"

from absl import flags  # noqa: E402

from benchmarks import LONG_PARTS, PARTS  # noqa: E402
from salgan_jax import doors  # noqa: E402

_QUICK = flags.DEFINE_bool("quick", False, "Less of everything; keeps no results.")
_ONLY = flags.DEFINE_multi_enum(
    "only", list(PARTS), [*PARTS, *LONG_PARTS], "What to measure; may be repeated."
)
_MINUTES = flags.DEFINE_float(
    "minutes",
    None,
    "Nothing is begun later; by default 7 on a GPU, 60 on a CPU, 1.3 if quick.",
)
_OUTPUT = flags.DEFINE_string(
    "output", str(ROOT / "benchmarks" / "results"), "Where results are kept."
)
_PAGE = flags.DEFINE_string(
    "page", str(ROOT / "docs" / "performance.md"), "The page that shows them."
)


def main(argv: list[str]) -> int:
    """Measures, prints and keeps; returns the exit code."""
    del argv
    import jax

    from benchmarks import contestants, render, story

    contestants.check_peer()
    default = 60 if jax.default_backend() == "cpu" else 7
    if _QUICK.value:
        default = 1.3
    with tempfile.TemporaryDirectory() as cache:
        jax.config.update("jax_compilation_cache_dir", cache)
        result = story.measure(
            tuple(_ONLY.value), quick=_QUICK.value, minutes=_MINUTES.value or default
        )
    print(render.of_machine(result))
    if _QUICK.value:
        return 0
    directory = pathlib.Path(_OUTPUT.value)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{result['machine']['name']}.json"
    if path.exists():
        result = render.merged(json.loads(path.read_text()), result)
    path.write_text(json.dumps(result, indent=1) + "\n")
    page = pathlib.Path(_PAGE.value)
    if result["growth"]:
        picture = page.with_name(f"growth_{result['machine']['name']}.png")
        render.draw_growth(picture, result["growth"])
    render.write_page(page, render.load(directory))
    print(f"kept in {path} and shown in {page}")
    return 0


if __name__ == "__main__":
    doors.run(main)
