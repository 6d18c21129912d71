"""The page itself: the only module that knows Gradio."""

import os
import tempfile
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import gradio as gr  # pyright: ignore[reportMissingImports]

from salgan_jax.bounded_work import Room
from salgan_jax.demo import archive, markup
from salgan_jax.demo.browser import CSS, PASTE
from salgan_jax.demo.look import COLORMAPS, MOST_POINTS, Look, draw, look
from salgan_jax.demo.models import Model
from salgan_jax.errors import UserError, printable

_SYSTEM_FONTS = ("system-ui", "Segoe UI", "Roboto", "Helvetica", "Arial", "sans-serif")
_SYSTEM_MONO = ("ui-monospace", "Menlo", "Consolas", "monospace")
# Of the images that all threads hold together, as in `prediction`.
_MAX_PIXELS = 64_000_000
_MOST_SESSIONS = 64  # whose last image is kept, with its maps: about 20 MB each
_FORGET_AFTER = 3600  # seconds
_PROGRESS = gr.Progress()  # Gradio passes each call one of its own


class _Results(NamedTuple):
    """Where the page shows one checkpoint."""

    heading: gr.HTML
    overlay: gr.Image
    colours: gr.HTML
    saliency_map: gr.Image
    greys: gr.HTML
    points: gr.HTML


def build(models: Sequence[Model], *, max_megapixels: float) -> gr.Blocks:
    """Returns the page for one checkpoint, or for several side by side."""
    with gr.Blocks(
        title="salgan_jax",
        analytics_enabled=False,
        delete_cache=(_FORGET_AFTER // 6, _FORGET_AFTER),
    ) as page:
        gr.HTML("<h1>Where will people look?</h1>", elem_id="title")
        with gr.Tab("One image"):
            _one_image(models, max_megapixels)
        with gr.Tab("Many images"):
            _many_images(models, max_megapixels)
    return page.queue(default_concurrency_limit=4)


def serve(page: gr.Blocks, *, host: str, port: int, max_megabytes: float) -> gr.Blocks:
    """Serves the page from threads of its own, and returns when it can be seen.

    Raises:
      OSError: the port is taken.
    """
    theme = gr.themes.Default(
        font=_SYSTEM_FONTS,
        font_mono=_SYSTEM_MONO,
        primary_hue="blue",
    )
    page.launch(
        server_name=host,
        server_port=port,
        max_file_size=int(max_megabytes * 2**20),
        state_session_capacity=_MOST_SESSIONS,
        theme=theme,
        css=CSS,
        js=PASTE,
        footer_links=[],
        # Each could be turned on from outside, by a variable of the environment.
        share=False,
        inline=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        run_history=False,
        enable_monitoring=False,
        quiet=True,
        prevent_thread_lock=True,
    )
    return page


def _one_image(models: Sequence[Model], max_megapixels: float) -> None:
    room = Room(_MAX_PIXELS)
    state = gr.State(time_to_live=_FORGET_AFTER)
    with gr.Row(elem_id="one"):
        with gr.Column(elem_id="given"):
            image = gr.Image(
                label="Image",
                sources=["upload", "clipboard", "webcam"],
                buttons=[],
                placeholder="Drop an image here\nor click to choose one",
                height=300,  # with less, the webcam covers the buttons below it
                elem_id="image",
            )
            status = gr.HTML(elem_id="status")
        with gr.Column(elem_id="controls"):
            opacity = gr.Slider(
                0, 1, value=0.75, step=0.05, label="Opacity", elem_id="opacity"
            )
            colormap = gr.Dropdown(
                list(COLORMAPS),
                value=COLORMAPS[0],
                label="Colour map",
                elem_id="colormap",
            )
            num_points = gr.Slider(
                0, MOST_POINTS, value=5, step=1, label="Points", elem_id="points"
            )
        alone = "alone" if len(models) == 1 else "beside"
        with gr.Row(elem_id="results", elem_classes=alone):
            shown = [_results(model, i) for i, model in enumerate(models)]

    def see(given: dict | None) -> tuple[Look | None, str]:
        if given is None:
            return None, ""
        try:
            seen = look(models, given["path"], room=room, max_megapixels=max_megapixels)
        except UserError as error:
            return None, markup.refusal(printable(str(error)))
        return seen, markup.status(seen)

    def show(
        seen: Look | None, opacity: float, colormap: str, num_points: int
    ) -> list[Any]:
        parts = []
        for i, model in enumerate(models):
            if seen is None:
                parts += [markup.heading(model.title), None, "", None, "", ""]
                continue
            prediction = seen.predictions[i]
            pictures = draw(
                seen,
                prediction,
                opacity=opacity,
                colormap=colormap,
                num_points=num_points,
            )
            parts += [
                markup.heading(model.title, prediction),
                pictures.overlay,
                markup.relative_legend(prediction, colormap),
                pictures.saliency_map,
                markup.ABSOLUTE_LEGEND,
                markup.table(prediction.points[:num_points]),
            ]
        return parts

    controls = [opacity, colormap, num_points]
    pictures = [part for results in shown for part in results]
    # Not preprocessed: Gradio would decode the image by itself, whatever it is.
    image.change(
        see,
        image,
        [state, status],
        preprocess=False,
        show_progress="minimal",
        show_progress_on=[results.overlay for results in shown],
        api_visibility="private",
    ).then(
        show,
        [state, *controls],
        pictures,
        show_progress="hidden",
        api_visibility="private",
    )
    gr.on(
        [opacity.change, colormap.change, num_points.change],
        show,
        [state, *controls],
        pictures,
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
    )


def _results(model: Model, index: int) -> _Results:
    with gr.Column(elem_classes="result", elem_id=f"result{index}", min_width=280):
        return _Results(
            gr.HTML(markup.heading(model.title), elem_classes="heading"),
            _picture("overlay", "The image with its saliency in colour"),
            gr.HTML(elem_classes="colours"),
            _picture("map", "The saliency map, black 0, white 1"),
            gr.HTML(elem_classes="greys"),
            gr.HTML(elem_classes="points"),
        )


def _picture(elem_class: str, alt_text: str) -> gr.Image:
    return gr.Image(
        format="png",  # what is downloaded is what was computed
        show_label=False,
        buttons=["download", "fullscreen"],
        interactive=False,
        elem_classes=elem_class,
        alt_text=alt_text,
    )


def _many_images(models: Sequence[Model], max_megapixels: float) -> None:
    files = gr.File(
        label="Images", file_count="multiple", type="filepath", elem_id="files"
    )
    overlay = gr.Checkbox(label="Overlays too", elem_id="overlays")
    start = gr.Button("Predict", variant="primary", elem_id="predict")
    outcome = gr.HTML(elem_id="outcome")
    download = gr.File(label="Maps", visible=False, interactive=False, elem_id="zip")

    def predict(
        paths: list[str] | None, overlay: bool, progress: gr.Progress = _PROGRESS
    ) -> tuple[str, Any]:
        if not paths:
            return markup.refusal("choose images first"), gr.File(visible=False)
        begin = time.perf_counter()
        try:
            made = archive.write(
                models,
                paths,
                tempfile.mkdtemp(dir=os.environ["GRADIO_TEMP_DIR"]),
                overlay=overlay,
                max_megapixels=max_megapixels,
                progress=progress,
            )
        except UserError as error:
            return markup.refusal(printable(str(error))), gr.File(visible=False)
        seconds = time.perf_counter() - begin
        said = markup.archived(made.num_images, made.skipped, seconds)
        if made.path is None:
            return said, gr.File(visible=False)
        return said, gr.File(str(made.path), visible=True)

    start.click(
        predict,
        [files, overlay],
        [outcome, download],
        concurrency_limit=1,
        api_visibility="private",
    )
