"""The tab for one image, which every checkpoint sees."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import gradio as gr  # pyright: ignore[reportMissingImports]

from salgan_jax.demo import markup
from salgan_jax.demo.look import COLORMAPS, MOST_POINTS, Look, draw, look
from salgan_jax.demo.models import Model
from salgan_jax.errors import UserError, printable
from salgan_jax.prediction.bounded_work import Room

FORGET_AFTER = 3600  # seconds, an image
# Of the images that all threads hold together, as in `prediction`.
_MAX_PIXELS = 64_000_000


class _Controls(NamedTuple):
    """What a visitor chooses; named as the arguments of `look.draw`."""

    opacity: gr.Slider
    colormap: gr.Dropdown
    num_points: gr.Slider


class _Result(NamedTuple):
    """Where the page shows one checkpoint."""

    heading: gr.HTML
    overlay: gr.Image
    colours: gr.HTML
    saliency_map: gr.Image
    greys: gr.HTML
    points: gr.HTML


def fill(models: Sequence[Model], *, max_megapixels: float) -> None:
    """Fills the tab that is open."""
    seen = gr.State(time_to_live=FORGET_AFTER)
    with gr.Row(elem_id="one"):
        with gr.Column(elem_id="given"):
            image = _input()
            status = gr.HTML(elem_id="status")
        with gr.Column(elem_id="controls"):
            controls = _controls()
        alone = "alone" if len(models) == 1 else "beside"
        with gr.Row(elem_id="results", elem_classes=alone):
            results = [_result(model, i) for i, model in enumerate(models)]
    parts = [part for result in results for part in result]
    # Not preprocessed: Gradio would decode the image by itself, whatever it is.
    image.change(
        functools.partial(_see, models, Room(_MAX_PIXELS), max_megapixels),
        image,
        [seen, status],
        preprocess=False,
        show_progress="minimal",
        show_progress_on=[result.overlay for result in results],
        api_visibility="private",
    ).then(
        functools.partial(_show, models),
        [seen, *controls],
        parts,
        show_progress="hidden",
        api_visibility="private",
    )
    gr.on(
        [control.change for control in controls],
        functools.partial(_show, models),
        [seen, *controls],
        parts,
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
    )


def _see(
    models: Sequence[Model], room: Room, max_megapixels: float, given: dict | None
) -> tuple[Look | None, str]:
    """What is seen in an upload, and what is said of it."""
    if given is None:
        return None, ""
    try:
        seen = look(models, given["path"], room=room, max_megapixels=max_megapixels)
    except UserError as error:
        return None, markup.refusal(printable(str(error)))
    return seen, markup.status(seen)


def _show(
    models: Sequence[Model],
    seen: Look | None,
    opacity: float,
    colormap: str,
    num_points: int,
) -> list[Any]:
    """The values of all results, one after the other."""
    if seen is None:
        return [
            part
            for model in models
            for part in (markup.heading(model.title), None, "", None, "", "")
        ]
    parts = []
    for model, prediction in zip(models, seen.predictions, strict=True):
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


def _input() -> gr.Image:
    return gr.Image(
        label="Image",
        sources=["upload", "clipboard", "webcam"],
        buttons=[],
        placeholder="Drop an image here\nor click to choose one",
        height=300,  # with less, the webcam covers the buttons below it
        elem_id="image",
    )


def _controls() -> _Controls:
    return _Controls(
        gr.Slider(0, 1, value=0.75, step=0.05, label="Opacity", elem_id="opacity"),
        gr.Dropdown(
            list(COLORMAPS), value=COLORMAPS[0], label="Colour map", elem_id="colormap"
        ),
        gr.Slider(0, MOST_POINTS, value=5, step=1, label="Points", elem_id="points"),
    )


def _result(model: Model, index: int) -> _Result:
    with gr.Column(elem_classes="result", elem_id=f"result{index}", min_width=280):
        return _Result(
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
