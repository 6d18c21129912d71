"""What a person sees of a run: progress, a line per event, scalars, curves, panels."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
import tqdm
from absl import logging
from ml_collections import ConfigDict

from salgan_jax import (
    announcement,
    health,
    intervals,
    not_finite,
    places,
    run_pictures,
    scalars,
    visualization,
)
from salgan_jax.data.records import Record
from salgan_jax.schedule import Schedule
from salgan_jax.state import TrainState

Metrics = Mapping[str, Any]


class RunLog:
    """The log of one run; a context that shows a progress bar on a terminal.

    Metrics stay on the device until `flush`, so that steps follow each other without
    waiting for the host.
    """

    def __init__(
        self,
        workdir: str,
        *,
        schedule: Schedule,
        batch_size: int,
        first_step: int,
        best_metric: str,
        is_written: bool = True,
        tracker: scalars.Output | None = None,
    ) -> None:
        """Opens the files of the log in `workdir`.

        Args:
            workdir: of the run.
            schedule: the plan of the run.
            batch_size: examples a step, for images/s.
            first_step: updates made before this start of the run.
            best_metric: the score shown on the progress bar.
            is_written: False, of all but one of several processes: metrics are looked
                at, but nothing is written.
            tracker: also gets scalars, panels and curves.
        """
        self._folder = places.Folder(workdir, fetched=(scalars.FILE_NAME,))
        self._schedule = schedule
        self._batch_size = batch_size
        self._best_metric = best_metric
        self._writer = (
            scalars.Writer(self._folder.local, first_step=first_step)
            if is_written
            else scalars.Silence()
        )
        self._tracker = tracker or scalars.Silence()
        earlier = scalars.read(str(self._folder.local))
        self._skipped = intervals.skipped_so_far(earlier)
        self._health = health.replay(intervals.rows(earlier))
        self._is_first = True
        self._pending: list[tuple[range, Metrics | tuple[Metrics, ...]]] = []
        self._flushed_step, self._flushed_at = first_step, time.monotonic()
        self._bar = tqdm.tqdm(
            total=schedule.num_steps * batch_size,
            initial=first_step * batch_size,
            unit="img",
            unit_scale=True,
            disable=None if is_written else True,
            smoothing=0.05,
        )
        self._folder.publish()

    def __enter__(self) -> "RunLog":
        """Returns itself; the clock starts."""
        self._flushed_at = time.monotonic()
        return self

    def __exit__(self, *exception: object) -> None:
        """Says how many updates were skipped, and closes the files."""
        if self._skipped:
            logging.info("%s", not_finite.totals(self._skipped))
        self._bar.close()
        self._writer.close()
        self._folder.close()

    def announce(
        self,
        config: ConfigDict,
        state: TrainState,
        num_devices: int,
        device: jax.Device,
    ) -> None:
        """Logs config, devices, parameter counts and the plan."""
        announcement.announce(
            config,
            state,
            self._schedule,
            devices=f"{num_devices} x {device.device_kind}",
            first_step=self._flushed_step,
        )
        if still := health.names_on(self._health):
            logging.warning("as before this start: %s", ", ".join(still))

    def add(self, steps: range, metrics: Metrics | tuple[Metrics, ...]) -> None:
        """Notes the metrics of the updates at `steps`.

        Args:
            steps: one, or those of one call of the device.
            metrics: of the one; or, for functions that took turns, a dict each, with
                values [number of turns].
        """
        if self._is_first:
            self._note_first_call(steps, metrics)
        if self._schedule.is_phase_change(steps.start):
            logging.info("step %d: the adversarial phase begins", steps.start)
        self._pending.append((steps, metrics))
        self._bar.update(self._batch_size * len(steps))

    def flush(self) -> None:
        """Writes the means of the metrics noted since the last flush, and warnings.

        Raises:
            UserError: one of them is not finite, or too many updates were skipped; the
                message names step and network.
        """
        if not self._pending:
            return
        fetched = [
            of_step
            for steps, metrics in self._pending
            for of_step in intervals.by_step(steps, jax.device_get(metrics))
        ]
        self._pending = []
        means = intervals.means(
            [self._without_skipped(*of_step) for of_step in fetched]
        )
        last_step = fetched[-1][0]
        self._health, changes = health.watch(self._health, last_step, means)
        counts = {not_finite.scalar_name(k): v.total for k, v in self._skipped.items()}
        self._write(
            last_step,
            {f"train/{name}": value for name, value in (means | counts).items()}
            | health.scalars(self._health),
        )
        shown = {name: value for name, value in means.items() if name.endswith("_loss")}
        self._bar.set_postfix(shown)
        logging.info(
            "step %d/%d (epoch %d): %s%s",
            last_step,
            self._schedule.num_steps,
            self._schedule.epoch_at(last_step),
            ", ".join(f"{name} {value:.4g}" for name, value in shown.items())
            or "every update skipped",
            self._measure_speed(last_step),
        )
        for change in changes:
            say = logging.warning if change.is_on else logging.info
            say("step %d: %s", last_step, change.line)

    def _without_skipped(self, step: int, metrics: Metrics) -> Metrics:
        """The metrics of a step that count; skipped updates are counted and logged."""
        found = not_finite.look(step, metrics, self._skipped)
        self._skipped = found.skipped
        for line in found.lines:
            logging.warning("%s", line)
        return found.metrics

    def evaluated(
        self,
        step: int,
        scores: Mapping[str, float],
        shown: Sequence[Record],
        predicted: Sequence[np.ndarray],
    ) -> None:
        """Writes scores, and draws panels and curves of the run so far."""
        self._write(step, {f"eval/{name}": v for name, v in scores.items()})
        text = ", ".join(f"{name} {value:.4f}" for name, value in scores.items())
        logging.info("step %d: evaluation: %s", step, text)
        if shown:
            picture = run_pictures.panels(step, shown, predicted)
            visualization.save_image(self._folder.local / "panels.png", picture)
            self._writer.write_image(step, "eval/panels", picture)
            self._tracker.write_image(step, "eval/panels", picture)
        series = scalars.read(str(self._folder.local))
        picture = run_pictures.curves(series, self._schedule)
        visualization.save_image(self._folder.local / "curves.png", picture)
        self._tracker.write_image(step, "curves", picture)
        self._flushed_at = time.monotonic()  # evaluation is not training time

    def saved(self, step: int) -> None:
        """Logs that a checkpoint is being written; the log itself is published."""
        logging.info("step %d: checkpoint", step)
        self._folder.publish()

    def ended_early(self, step: int) -> None:
        """Logs that the run was told to end."""
        logging.info(
            "step %d: told to end; saved, and the same command goes on from here", step
        )

    def _write(self, step: int, values: Mapping[str, float]) -> None:
        self._writer.write(step, values)
        self._tracker.write(step, values)

    def _measure_speed(self, step: int) -> str:
        """Writes images/s since the last flush; returns them and the time left."""
        num_images = (step - self._flushed_step) * self._batch_size
        seconds = time.monotonic() - self._flushed_at
        self._flushed_step, self._flushed_at = step, time.monotonic()
        if not num_images:  # nothing but the first step, which compiled
            return ""
        speed = num_images / seconds
        self._write(step, {"train/images_per_second": speed})
        remaining = (self._schedule.num_steps - step) * self._batch_size
        left = tqdm.tqdm.format_interval(remaining / speed)
        return f", {speed:.1f} img/s, {left} left"

    def _note_first_call(self, steps: range, metrics: Any) -> None:
        jax.block_until_ready(metrics)
        now = time.monotonic()
        logging.info(
            "step %d: first step%s, compilation included, took %.1f s",
            steps.stop,
            "" if len(steps) == 1 else "s",
            now - self._flushed_at,
        )
        self._flushed_step, self._flushed_at = steps.stop, now
        self._is_first = False
