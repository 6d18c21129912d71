"""Curves of a run for people: its losses and scores over its steps."""

import math
from collections.abc import Iterable, Mapping, Sequence

import matplotlib.axes
import matplotlib.backends.backend_agg
import matplotlib.figure
import matplotlib.layout_engine
import matplotlib.ticker
import numpy as np

from salgan_jax import health

_ACRONYMS = {"nss": "NSS", "auc": "AUC", "cc": "CC", "sim": "SIM", "kld": "KLD"}
# These belong in one plot: each is read against the other.
_TOGETHER: dict[str, str] = {
    quantity: title
    for title, quantities in {
        "adversarial loss of both players": ("adversarial_loss", "discriminator_loss"),
        "accuracy of the discriminator": ("real_accuracy", "fake_accuracy"),
        "logits of the discriminator": ("real_logit", "fake_logit"),
        "grad norm of both players": ("generator_grad_norm", "discriminator_grad_norm"),
        "grad norm of both losses, at the logits": (
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


def draw(
    scalars: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    phase_change_step: int | None = None,
    width: int = 1200,
) -> np.ndarray:
    """A run's losses and scores over its steps, uint8 [H, W, 3].

    One plot for each quantity, with its training and evaluation values; the losses of
    the two players share one. A long curve is drawn faint under its running mean; where
    the discriminator of a live game stays is shaded.

    Args:
      scalars: log key (`train/content_loss`, `eval/nss`, ...) -> (steps, values).
      phase_change_step: the first adversarial step, drawn as a labelled vertical line.
      width: width of the picture in pixels.
    """
    groups = grouped(scalars)
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


def grouped(keys: Iterable[str]) -> dict[str, list[str]]:
    """Returns the log keys that share a plot, by its title."""
    groups: dict[str, list[str]] = {}
    for key in keys:
        quantity = key.rsplit("/", 1)[-1]
        title = _TOGETHER.get(quantity, in_words(quantity))
        groups.setdefault(title, []).append(key)
    return groups


def in_words(key: str) -> str:
    """Returns what a log key is called in a picture: "eval NSS" of `eval/nss`."""
    words = key.replace("/", " ").split("_")
    return " ".join(_ACRONYMS.get(word, word) for word in words)


def settled_range(series: Sequence[np.ndarray]) -> tuple[float, float] | None:
    """Returns the ends of an axis for values whose first tenth flattens all the rest.

    None: it does not, and all can be shown.
    """
    long = [values for values in series if len(values) >= 10]
    settled = np.concatenate([np.zeros(0), *(v[len(v) // 10 + 1 :] for v in long)])
    if not settled.size:
        return None
    low, high = float(settled.min()), float(settled.max())
    highest = max(values.max() for values in series)
    if high <= low or highest <= high + 2 * (high - low):
        return None
    lowest = min(low, *(float(values.min()) for values in series))
    return lowest - 0.1 * (high - low), high + 0.5 * (high - low)


def _draw_scalars(
    plot: matplotlib.axes.Axes,
    scalars: Mapping[str, tuple[Sequence[float], Sequence[float]]],
) -> None:
    quantities = {key.rsplit("/", 1)[-1] for key in scalars}
    for index, (key, (steps, values)) in enumerate(scalars.items()):
        origin, _, quantity = key.rpartition("/")
        label = in_words(quantity) if len(quantities) == len(scalars) else origin
        color = f"C{index}"
        if len(values) < 100:
            marker = "o" if len(values) < 40 else None
            plot.plot(steps, values, color, marker=marker, markersize=4, label=label)
            continue
        plot.plot(steps, values, color, alpha=0.25, linewidth=0.8)
        smooth = _running_mean(np.asarray(values), max(5, len(values) // 50))
        plot.plot(steps, smooth, color, label=label)
    for low, high in {health.BAND[name] for name in quantities & health.BAND.keys()}:
        plot.axhspan(low, high, color="0.5", alpha=0.12, linewidth=0)
    shown = settled_range([np.asarray(v) for _, v in scalars.values()])
    if shown is not None:
        plot.set_ylim(*shown)
    plot.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
    plot.grid(alpha=0.3)
    plot.spines[["top", "right"]].set_visible(False)
    if len(scalars) > 1:
        plot.legend(frameon=False)


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
