"""What an experiment found, above its runs: question, answers, tables and figures."""

import base64
import html
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from salgan_jax import places
from salgan_jax.errors import UserError
from salgan_jax.report.sections import escaped

FILE = "experiment.json"
_MOST_RUNS = 8


class Opened(NamedTuple):
    """What to show of the folders that were given.

    Attributes:
        workdirs: of the runs, those of an experiment in its place.
        experiments: as HTML, "" where there is none.
        title, question: those of the only experiment; "" without.
        dataset: of the only experiment, the one that its runs are scored on here, where
            they were trained on different ones; else None.
    """

    workdirs: list[str]
    experiments: str
    title: str
    question: str
    dataset: str | None


def open_all(folders: Sequence[str]) -> Opened:
    """Returns the runs in some folders, and what the experiments among them found.

    Of an experiment the first run of each arm is shown, and eight at most.

    Raises:
        UserError: an experiment is not complete, or a file of it is broken.
    """
    is_only = len(folders) == 1
    workdirs, sections, title, question, dataset = [], [], "", "", None
    for folder in folders:
        if places.is_bucket(folder) or not _is_experiment(folder):
            workdirs.append(folder)
            continue
        content, pictures = _read(pathlib.Path(folder).expanduser())
        shown = _first_runs(content["runs"])
        workdirs += [os.path.join(folder, "runs", name) for name in shown]
        name = f"{content['experiment'].replace('_', ' ')} on {content['dataset']}"
        asked = content["question"]
        if is_only:  # the whole page is about it
            title, question, name, asked = name, asked, "What was found", ""
            dataset = next(iter(_test_sets(content)), None)
        heads = f"<h2>{escaped(name)}</h2>"
        if asked:
            heads += f"<p class=question>{escaped(asked)}</p>"
        sections.append(heads + _section(content, pictures, shown))
    found = "".join(f'<section class="experiment">{x}</section>' for x in sections)
    return Opened(workdirs, found, title, question, dataset)


def _is_experiment(folder: str) -> bool:
    return (pathlib.Path(folder).expanduser() / FILE).is_file()


def _read(folder: pathlib.Path) -> tuple[dict[str, Any], list[str]]:
    """Returns the numbers, and the figures as data URIs."""
    path = folder / FILE
    try:
        content = json.loads(path.read_text())
        pictures = [
            base64.b64encode((folder / each["file"]).read_bytes()).decode()
            for each in content["figures"]
        ]
        for name in (
            "experiment",
            "question",
            "runs",
            "verdicts",
            "notes",
            "tables",
            "dataset",
        ):
            content[name]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is not what reproduce.py wrote ({error!r}): start that command "
            "again, which trains nothing anew"
        ) from error
    return content, [f"data:image/png;base64,{picture}" for picture in pictures]


def _test_sets(content: Mapping[str, Any]) -> list[str]:
    """Returns the data sets that all runs were scored on, none of most experiments."""
    return [each["dataset"] for each in content.get("test_sets", {}).values()]


def _first_runs(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    first = {run["arm"]: run["name"] for run in reversed(runs)}
    in_order = dict.fromkeys(run["arm"] for run in runs)
    return [first[arm] for arm in in_order][:_MOST_RUNS]


def _section(
    content: Mapping[str, Any], pictures: Sequence[str], shown: Sequence[str]
) -> str:
    parts = [f"<p class=answer>{escaped(each)}</p>" for each in content["verdicts"]]
    for number, table in enumerate(content["tables"], start=1):
        parts.append(_table(f"experiment-{number}", table))
    for figure, picture in zip(content["figures"], pictures, strict=True):
        parts.append(
            f'<figure class="drawn"><img src="{picture}" '
            f'alt="{escaped(figure["alt"])}" width="700">'
            f"<figcaption>{escaped(figure['caption'])}</figcaption></figure>"
        )
    notes = "".join(f"<li>{escaped(note)}</li>" for note in content["notes"])
    parts.append(f"<ul>{notes}</ul>")
    parts.append(f"<p class=small>{escaped(content['provenance'])}</p>")
    total = len(content["runs"])
    parts.append(
        f"<p class=small>The parts below show {len(shown)} of {total} runs: of each "
        f"arm the first, and {_MOST_RUNS} arms at most.</p>"
    )
    if test_sets := _test_sets(content):
        parts.append(
            f"<p class=small>They are scored on one of {escaped(', '.join(test_sets))} "
            "there: the first, where report.py was not given another "
            "--dataset.</p>"
        )
    return "".join(parts)


def _table(name: str, table: Mapping[str, Any]) -> str:
    corner, *heads = table["header"]
    columns = "".join(f'<th scope="col">{escaped(head)}</th>' for head in heads)
    rows = "".join(
        f'<tr><th scope="row">{_lines(row[0].replace(": ", "; ", 1))}</th>'
        + "".join(f"<td>{_lines(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in table["rows"]
    )
    labelled = f'aria-labelledby="{name}"'
    return (
        f'<h3 id="{name}">{escaped(table["title"])}</h3>'
        f'<div class="wide" role="region" tabindex="0" {labelled}>'
        f"<table {labelled}><thead><tr><td>{html.escape(corner)}</td>{columns}</tr>"
        f"</thead><tbody>{rows}</tbody></table></div>"
        f"<p class=small>{escaped(table['caption'])}</p>"
    )


def _lines(cell: str) -> str:
    """Returns a cell with what stands after its first number in lines of its own."""
    first, *others = (escaped(part) for part in cell.split("; "))
    return first + "".join(f"<small>{part}</small>" for part in others)
