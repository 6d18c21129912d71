"""What the page says in words and tables, as HTML."""

import html
from collections.abc import Sequence

import matplotlib
from matplotlib.colors import to_hex

from salgan_jax.demo.look import Look, Prediction
from salgan_jax.salient_points import SalientPoint

_STOPS = 9  # of a colour map's legend


def status(seen: Look) -> str:
    """Says which image it is and how long it took."""
    size = f"{seen.width} &times; {seen.height} pixels"
    return (
        f'<p class="status"><b>{html.escape(seen.name)}</b>, {size}. '
        f"Total {_duration(seen.seconds)}.</p>"
    )


def refusal(message: str) -> str:
    """A line that says what was wrong."""
    return f'<p class="refusal" role="alert">{html.escape(message)}</p>'


def heading(title: str, prediction: Prediction | None = None) -> str:
    """The name of a checkpoint, and what its prediction took."""
    time = f"network {_duration(prediction.seconds)}" if prediction else ""
    return f"<h3>{html.escape(title)}</h3><span>{time}</span>"


def relative_legend(prediction: Prediction, colormap: str) -> str:
    """The colours of an overlay, from no saliency to the map's maximum."""
    table = matplotlib.colormaps[colormap]
    stops = [to_hex(table(i / (_STOPS - 1))) for i in range(_STOPS)]
    return _legend("Overlay", stops, f"{prediction.maximum:.3f}, its maximum")


def table(points: Sequence[SalientPoint]) -> str:
    """The points in their order, with the pixel and the saliency of each."""
    rows = "".join(
        f"<tr><th scope=row>{number}</th><td>{x}</td><td>{y}</td><td>{value:.4f}</td>"
        for number, (x, y, value) in enumerate(points, 1)
    )
    if not rows:
        return '<p class="status">No point to show.</p>'
    return (
        "<table><thead><tr><th scope=col>Point</th><th scope=col>x</th>"
        "<th scope=col>y</th><th scope=col>Saliency</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def archived(num_images: int, skipped: Sequence[str], seconds: float) -> str:
    """What became of many images."""
    images = "1 image" if num_images == 1 else f"{num_images} images"
    done = f'<p class="status">{images} predicted in {_duration(seconds)}.</p>'
    return (done if num_images else "") + "".join(map(refusal, skipped))


def _legend(name: str, stops: Sequence[str], highest: str) -> str:
    return (
        f'<div class="legend"><span>{name}: 0</span>'
        f'<div style="background: linear-gradient(to right, {", ".join(stops)})"></div>'
        f"<span>{highest}</span></div>"
    )


def _duration(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


ABSOLUTE_LEGEND = _legend("Saliency map", ["black", "white"], "1")
