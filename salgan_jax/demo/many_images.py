"""The tab for many images, whose maps come as a zip."""

import functools
import os
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import gradio as gr  # pyright: ignore[reportMissingImports]

from salgan_jax.demo import archive, markup
from salgan_jax.demo.models import Model
from salgan_jax.errors import UserError, printable

_PROGRESS = gr.Progress()  # Gradio passes each call one of its own


def fill(models: Sequence[Model], *, max_megapixels: float) -> None:
    """Fills the tab that is open."""
    files = gr.File(
        label="Images", file_count="multiple", type="filepath", elem_id="files"
    )
    overlay = gr.Checkbox(label="Overlays too", elem_id="overlays")
    start = gr.Button("Predict", variant="primary", elem_id="predict")
    outcome = gr.HTML(elem_id="outcome")
    download = gr.File(label="Maps", visible=False, interactive=False, elem_id="zip")
    start.click(
        functools.partial(_predict, models, max_megapixels),
        [files, overlay],
        [outcome, download],
        concurrency_limit=1,
        api_visibility="private",
    )


def _predict(
    models: Sequence[Model],
    max_megapixels: float,
    paths: list[str] | None,
    overlay: bool,
    progress: gr.Progress = _PROGRESS,
) -> tuple[str, Any]:
    """What is said, and the zip."""
    nothing = gr.File(visible=False)
    if not paths:
        return markup.refusal("choose images first"), nothing
    begin = time.perf_counter()
    try:
        made = archive.write(
            models,
            paths,
            # Gradio serves what is in its own folder, and removes it from there.
            tempfile.mkdtemp(dir=os.environ["GRADIO_TEMP_DIR"]),
            overlay=overlay,
            max_megapixels=max_megapixels,
            progress=progress,
        )
    except UserError as error:
        return markup.refusal(printable(str(error))), nothing
    seconds = time.perf_counter() - begin
    said = markup.archived(made.num_images, made.skipped, seconds)
    if made.path is None:
        return said, nothing
    return said, gr.File(str(made.path), visible=True)
