"""Parts of the page as HTML: runs, what they differ in, their configs and starts."""

import html
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from typing import Any

from salgan_jax import fields
from salgan_jax.errors import printable
from salgan_jax.report import differences
from salgan_jax.report.differences import Difference
from salgan_jax.report.run_scores import RunScores
from salgan_jax.report.runs import PROVENANCE, Run


def escaped(text: object) -> str:
    """Returns a text as HTML, safe in an attribute too, whatever is in it."""
    return html.escape(printable(str(text)))


def read_file(name: str) -> str:
    """Returns a file that lies beside this one."""
    folder = importlib.resources.files("salgan_jax.report")
    return (folder / name).read_text("utf-8")


def key(run: int) -> str:
    """Returns the mark that shows the colour of a run."""
    return f'<span class="key run-{run % 8}"></span>'


def run_cards(runs: Sequence[Run], found: Sequence[RunScores]) -> str:
    """Returns what each run is: its recipe, its step, where its scores are from."""
    return "".join(
        f"<li><h3>{key(i)}{escaped(run.name)}</h3>"
        f"<p>{escaped(differences.recipe(run.config))}</p>"
        f"<p class=small>{_step(run)} {_source(each)}</p></li>"
        for i, (run, each) in enumerate(zip(runs, found, strict=True))
    )


def differences_rows(runs: Sequence[Run], found: Sequence[Difference]) -> str:
    """Returns the table of the fields in which the configs differ."""
    heads = "".join(
        f'<th scope="col">{key(i)}{escaped(run.name)}</th>'
        for i, run in enumerate(runs)
    )
    rows = []
    for each in found:
        cells = "".join(f"<td>{escaped(value)}</td>" for value in each.values)
        field = f"<code>{escaped(each.field)}</code>"
        name = f"{escaped(each.words)}<small>{field}</small>" if each.words else field
        aside = "" if each.has_effect else " class=aside"
        rows.append(f'<tr{aside}><th scope="row">{name}</th>{cells}</tr>')
    return (
        '<div class="wide" role="region" tabindex="0" aria-label="What differs">'
        "<table class=text><caption>Fields of the configs that differ; grey: without "
        "effect on what is learned</caption><thead><tr><td></td>"
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def full_run(index: int, run: Run) -> str:
    """Returns a run's config and what was recorded at its starts."""
    flat = fields.flat(run.config.to_dict())
    config = {f"config.{name}": differences.in_text(x) for name, x in flat.items()}
    return (
        f"<details><summary>{key(index)}{escaped(run.name)}</summary>"
        f"<p>Workdir <code>{escaped(run.workdir)}</code>.</p>"
        f"<h3>Config</h3>{_pairs(config, f'Config of {run.name}')}"
        f"<h3>Provenance</h3>{_provenance(run)}</details>"
    )


def _step(run: Run) -> str:
    if run.plan is None:
        return (
            f"Step {run.step:,}. Its training data are not here: where its phases "
            "change is not known."
        )
    steps = f"Step {run.step:,} of {run.plan.num_steps:,}"
    if run.phase_change is None:
        return f"{steps}."
    return f"{steps}; adversarial from step {run.phase_change:,}."


def _source(found: RunScores) -> str:
    if found.source:
        return f"Scores of <code>{escaped(found.source)}</code>."
    return "Scores computed for this page."


def _provenance(run: Run) -> str:
    if run.provenance is None:
        return (
            f"<p>No <code>{PROVENANCE}</code> in the workdir: how this run was started "
            "was not recorded.</p>"
        )
    if not run.provenance:
        return f"<p><code>{PROVENANCE}</code> is empty.</p>"
    return "".join(
        f"<h4>Start {i}</h4>{_pairs(_flat(start), f'Start {i} of {run.name}')}"
        for i, start in enumerate(run.provenance, start=1)
    )


def _pairs(pairs: Mapping[str, Any], caption: str) -> str:
    rows = "".join(
        f'<tr><th scope="row"><code>{escaped(name)}</code></th>'
        f"<td>{escaped(value)}</td></tr>"
        for name, value in pairs.items()
    )
    return (
        f'<table class="text pairs"><caption class="unseen">{escaped(caption)}'
        f"</caption><tbody>{rows}</tbody></table>"
    )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Returns the parts of a JSON value by their paths."""
    if isinstance(value, Mapping) and value:
        found: dict[str, Any] = {}
        for name, part in value.items():
            found |= _flat(part, f"{prefix}.{name}" if prefix else str(name))
        return found
    if isinstance(value, list) and not any(isinstance(x, (list, dict)) for x in value):
        return {prefix or "value": " ".join(map(str, value))}
    is_text = isinstance(value, str)
    return {prefix or "value": value if is_text else json.dumps(value)}
