"""Pictures of a run for people: overlays, labelled panels, curves.

Images are uint8 [H, W, 3] RGB, saliency maps float [H, W] in [0, 1].
"""

import math
import os
from collections.abc import Mapping, Sequence

import matplotlib
import matplotlib.axes
import matplotlib.backends.backend_agg
import matplotlib.figure
import matplotlib.layout_engine
import matplotlib.ticker
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from salgan_jax import atomic

_INK = (40, 40, 40)
_STRIP = 256  # rows
_ACRONYMS = {"nss": "NSS", "auc": "AUC", "cc": "CC", "sim": "SIM", "kld": "KLD"}
# These belong in one plot: each is read against the other.
_TOGETHER: dict[str, str] = {
    quantity: title
    for title, quantities in {
        "adversarial loss of both players": ("adversarial_loss", "discriminator_loss"),
        "accuracy of the discriminator": ("real_accuracy", "fake_accuracy"),
        "logits of the discriminator": ("real_logit", "fake_logit"),
        "grad norm of both players": ("generator_grad_norm", "discriminator_grad_norm"),
        "grad norm of the generator's losses, at its logits": (
            "content_logit_grad_norm",
            "adversarial_logit_grad_norm",
        ),
        "variance of maps across images": ("map_variance", "true_map_variance"),
        "skipped updates": (
            "skipped_generator_updates",
            "skipped_discriminator_updates",
        ),
    }.items()
    for quantity in quantities
}


def overlay(
    image: np.ndarray,
    saliency_map: np.ndarray,
    *,
    opacity: float = 0.75,
    colormap: str = "inferno",
) -> np.ndarray:
    """The image with its saliency map laid over it as colour, uint8 [H, W, 3].

    The map is divided by its maximum first: an overlay shows where, not how much.
    The colour covers the image in proportion to the square root of that relative
    saliency: weak places still show, and what nobody looks at stays as photographed.

    Args:
      image: uint8 [H, W, 3].
      saliency_map: float [H, W], not negative; any scale.
      opacity: how much the colour covers the image at the map's maximum, 0 to 1.
      colormap: a matplotlib name; the default is perceptually uniform.
    """
    if image.shape[:2] != saliency_map.shape:
        raise ValueError(
            f"overlay: the image is {image.shape[:2]} but the map {saliency_map.shape} "
            "(height, width); they must be equal"
        )
    maximum = float(saliency_map.max()) or 1.0
    mixed = np.empty_like(image)
    for top in range(0, len(image), _STRIP):  # bounds the memory of a large photograph
        rows = slice(top, top + _STRIP)
        relative = np.asarray(saliency_map[rows] / maximum, np.float32)
        covered = opacity * np.sqrt(relative)[..., np.newaxis]
        blend = (1 - covered) * image[rows] + covered * _colored(relative, colormap)
        mixed[rows] = np.round(blend)
    return mixed


def panels(
    rows: Sequence[Sequence[np.ndarray]],
    titles: Sequence[str],
    *,
    labels: Sequence[str] = (),
    row_height: int = 192,
    colormap: str = "gray",
) -> np.ndarray:
    """A grid of pictures under their column titles, uint8 [H, W, 3].

    Maps are drawn at their absolute scale (0 black, 1 white), so that a weak
    prediction looks weak beside its ground truth.

    Args:
      rows: each a sequence of cells, usually (image, ground truth, prediction); a cell
        is an image, uint8 [H, W, 3], or a map, float [H, W] in [0, 1], of any size.
      titles: one per column.
      labels: one per row, written upwards at its left; none by default.
      row_height: height of every cell in pixels; widths follow each cell's shape.
      colormap: a matplotlib name, for the maps.
    """
    cells = [[_cell(cell, row_height, colormap) for cell in row] for row in rows]
    widths = [max(cell.width for cell in column) for column in zip(*cells, strict=True)]
    gutter = max(4, row_height // 32)
    band = max(20, row_height // 7)
    left = band if labels else gutter
    size = (
        left + sum(widths) + gutter * len(widths),
        band + (row_height + gutter) * len(rows),
    )
    canvas = Image.new("RGB", size, "white")
    tops = [band + row * (row_height + gutter) for row in range(len(rows))]
    x = left
    for title, width, column in zip(
        titles, widths, zip(*cells, strict=True), strict=True
    ):
        canvas.paste(_written(title, width, band), (x, 0))
        for cell, top in zip(column, tops, strict=True):
            canvas.paste(cell, (x + (width - cell.width) // 2, top))
        x += width + gutter
    for label, top in zip(labels, tops, strict=False):
        upwards = _written(label, row_height, band).rotate(90, expand=True)
        canvas.paste(upwards, (0, top))
    return np.array(canvas)


def curves(
    scalars: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    phase_change_step: int | None = None,
    width: int = 1200,
) -> np.ndarray:
    """A run's losses and scores over its steps, uint8 [H, W, 3].

    One plot for each quantity, with its training and evaluation values; the losses of
    the two players share one. A long curve is drawn faint under its running mean.

    Args:
      scalars: log key (`train/content_loss`, `eval/nss`, ...) -> (steps, values).
      phase_change_step: the first adversarial step, drawn as a labelled vertical line.
      width: width of the picture in pixels.
    """
    groups: dict[str, list[str]] = {}
    for key in scalars:
        quantity = key.rsplit("/", 1)[-1]
        title = _TOGETHER.get(quantity, _in_words(quantity))
        groups.setdefault(title, []).append(key)
    num_columns = 2 if len(groups) > 1 else 1
    num_rows = max(1, math.ceil(len(groups) / num_columns))
    figure = matplotlib.figure.Figure(
        figsize=(10, 3.2 * num_rows),
        dpi=width / 10,
        layout=matplotlib.layout_engine.ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12),
    )
    canvas = matplotlib.backends.backend_agg.FigureCanvasAgg(figure)
    axes = figure.subplots(num_rows, num_columns, squeeze=False).ravel()
    last_step = max((max(steps, default=1) for steps, _ in scalars.values()), default=1)
    for plot, (title, keys) in zip(axes, groups.items(), strict=False):
        _draw_scalars(plot, {key: scalars[key] for key in keys})
        plot.set_title(title, loc="left", fontweight="bold")
        plot.set_xlim(0, max(1, last_step))
        if phase_change_step is not None and phase_change_step <= last_step:
            _draw_phase_change(plot, phase_change_step, last_step)
    for plot in axes[len(groups) :]:
        plot.set_axis_off()
    for plot in axes[: len(groups)][-num_columns:]:
        plot.set_xlabel("step")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def save_image(path: str | os.PathLike[str], image: np.ndarray) -> None:
    """Writes a uint8 [H, W, 3] or [H, W] image as PNG, whole or not at all."""
    with atomic.written_aside(path) as file:
        Image.fromarray(image).save(file, format="PNG")


def _colored(saliency_map: np.ndarray, colormap: str) -> np.ndarray:
    table = matplotlib.colormaps[colormap](np.arange(256), bytes=True)[:, :3]
    return table[np.round(np.clip(saliency_map, 0, 1) * 255).astype(np.uint8)]


def _cell(cell: np.ndarray, height: int, colormap: str) -> Image.Image:
    picture = Image.fromarray(cell if cell.ndim == 3 else _colored(cell, colormap))
    width = max(1, round(picture.width * height / picture.height))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _written(text: str, width: int, height: int) -> Image.Image:
    """The text in the middle of a white strip, cut with an ellipsis where too long."""
    fonts = os.path.join(matplotlib.get_data_path(), "fonts", "ttf")
    font = ImageFont.truetype(os.path.join(fonts, "DejaVuSans.ttf"), height * 0.55)
    if font.getlength(text) > width:
        while text and font.getlength(text + "…") > width:
            text = text[:-1]
        text += "…"
    strip = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(strip).text(
        (width / 2, height / 2), text, font=font, fill=_INK, anchor="mm"
    )
    return strip


def _in_words(key: str) -> str:
    words = key.replace("/", " ").split("_")
    return " ".join(_ACRONYMS.get(word, word) for word in words)


def _draw_scalars(
    plot: matplotlib.axes.Axes,
    scalars: Mapping[str, tuple[Sequence[float], Sequence[float]]],
) -> None:
    quantities = {key.rsplit("/", 1)[-1] for key in scalars}
    for index, (key, (steps, values)) in enumerate(scalars.items()):
        origin, _, quantity = key.rpartition("/")
        label = _in_words(quantity) if len(quantities) == len(scalars) else origin
        color = f"C{index}"
        if len(values) < 100:
            marker = "o" if len(values) < 40 else None
            plot.plot(steps, values, color, marker=marker, markersize=4, label=label)
            continue
        plot.plot(steps, values, color, alpha=0.25, linewidth=0.8)
        smooth = _running_mean(np.asarray(values), max(5, len(values) // 50))
        plot.plot(steps, smooth, color, label=label)
    _leave_out_the_first_leap(plot, [np.asarray(v) for _, v in scalars.values()])
    plot.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
    plot.grid(alpha=0.3)
    plot.spines[["top", "right"]].set_visible(False)
    if len(scalars) > 1:
        plot.legend(frameon=False)


def _leave_out_the_first_leap(
    plot: matplotlib.axes.Axes, series: Sequence[np.ndarray]
) -> None:
    """Cuts the axis where the first tenth of a run would flatten all the rest."""
    long = [values for values in series if len(values) >= 10]
    settled = np.concatenate([np.zeros(0), *(v[len(v) // 10 + 1 :] for v in long)])
    if not settled.size:
        return
    low, high = settled.min(), settled.max()
    highest = max(values.max() for values in series)
    if highest > high + 2 * (high - low) and high > low:
        plot.set_ylim(top=high + 0.5 * (high - low))
        plot.set_ylim(bottom=min(low, *(v.min() for v in series)) - 0.1 * (high - low))


def _running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Mean over the `window` values around each one, over fewer at the two ends."""
    ones = np.ones(window)
    number = np.convolve(np.ones(len(values)), ones, mode="same")
    return np.convolve(values, ones, mode="same") / number


def _draw_phase_change(plot: matplotlib.axes.Axes, step: int, last_step: float) -> None:
    plot.axvline(step, color="0.35", linestyle="--", linewidth=1)
    late = step > 0.6 * last_step
    plot.annotate(
        "adversarial →" if late else "→ adversarial",
        xy=(step, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if late else 4, -4),
        textcoords="offset points",
        horizontalalignment="right" if late else "left",
        verticalalignment="top",
        color="0.35",
    )
