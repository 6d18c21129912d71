"""A run as Weights & Biases shows it: scalars and pictures, of all its starts together.

Whatever goes wrong there is one line in the log, and training goes on without it.
"""

import contextlib
import importlib.util
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from absl import logging

from salgan_jax import places
from salgan_jax.errors import UserError, printable

FILE_NAME = "wandb_run.json"
_SECONDS_TO_START = 60
_SECONDS_TO_END = 60  # for what is not uploaded yet; `wandb sync` does it later


def check_installed(project: str) -> None:
    """Checks that a project can be written to.

    Raises:
        UserError: a project is named, and wandb is not installed.
    """
    if project and importlib.util.find_spec("wandb") is None:
        raise UserError(
            f"config.logging.wandb_project is {project!r}, and wandb is not installed: "
            "pip install -r requirements-wandb.txt, or leave it empty"
        )


class WandbRun:
    """A run at W&B, or nothing at all once it has failed; a context that ends it."""

    def __init__(
        self, workdir: str, *, project: str, name: str, config: Mapping[str, Any]
    ) -> None:
        """Begins a run, or goes on with the one that this workdir began.

        Args:
            workdir: of the training run; keeps the identity of the run, and on a disk
                W&B's own files.
            project: at W&B; "": nothing is begun.
            name: of the run, for people.
            config: of the run.
        """
        self._run: Any = None
        if not project:
            return
        with self._failure_said():
            self._run = _begin(workdir, project=project, name=name, config=config)
            logging.info("W&B: run %s of project %s", self._run.id, project)

    def __enter__(self) -> "WandbRun":
        """Returns itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Ends the run; waits a minute at most for what is not uploaded yet."""
        self._do(lambda run: run.finish(exit_code=int(exception[0] is not None)))

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Adds values, such as `{"train/content_loss": 0.4}`, at a step."""
        values = {name: float(value) for name, value in scalars.items()}
        self._do(lambda run: run.log({"step": step, **values}))

    def write_image(self, step: int, name: str, image: np.ndarray) -> None:
        """Adds a picture, uint8 [H, W, 3], at a step."""
        self._do(lambda run: run.log({"step": step, name: _as_image(image)}))

    def _do(self, action: Any) -> None:
        if self._run is not None:
            with self._failure_said():
                action(self._run)

    @contextlib.contextmanager
    def _failure_said(self) -> Iterator[None]:
        try:
            yield
        # Network, account, disk, a service that was killed: each has its own kind of
        # error there, and none is a reason to lose a run.
        except Exception as error:
            self._run = None
            reason = printable(" ".join(str(error).split()))[:300]
            logging.warning(
                "W&B failed, and the run goes on without it: %s: %s",
                type(error).__name__,
                reason,
            )


def _begin(workdir: str, *, project: str, name: str, config: Mapping[str, Any]) -> Any:
    import wandb  # pyright: ignore[reportMissingImports]

    run = wandb.init(
        project=project,
        id=_run_id(workdir, project),
        resume="allow",
        name=name,
        config=dict(config),
        dir=None if places.is_bucket(workdir) else os.fspath(places.as_path(workdir)),
        settings=wandb.Settings(
            console="off",
            silent=True,
            save_code=False,
            disable_git=True,  # an address in there may hold a password
            init_timeout=_SECONDS_TO_START,
            finish_timeout=_SECONDS_TO_END,
        ),
    )
    # Not W&B's own counter, which cannot go back to an earlier checkpoint.
    run.define_metric("step", hidden=True)
    run.define_metric("*", step_metric="step")
    return run


def _as_image(image: np.ndarray) -> Any:
    import wandb  # pyright: ignore[reportMissingImports]

    return wandb.Image(image)


def _run_id(workdir: str, project: str) -> str:
    """The run of this workdir in a project; where there is none, a new one is kept."""
    path = places.as_path(workdir) / FILE_NAME
    if path.exists():
        kept = json.loads(path.read_text())
        if kept["project"] == project:
            return kept["id"]
    made = {"project": project, "id": secrets.token_hex(4)}
    places.write_whole(path, (json.dumps(made) + "\n").encode())
    return made["id"]
