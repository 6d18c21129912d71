"""The page itself: of what it is made, and how it is served."""

from collections.abc import Sequence

import gradio as gr  # pyright: ignore[reportMissingImports]

from salgan_jax.demo import many_images, one_image
from salgan_jax.demo.browser import CSS, PASTE
from salgan_jax.demo.models import Model

_SYSTEM_FONTS = ("system-ui", "Segoe UI", "Roboto", "Helvetica", "Arial", "sans-serif")
_SYSTEM_MONO = ("ui-monospace", "Menlo", "Consolas", "monospace")
_MOST_SESSIONS = 64  # whose last image is kept, with its maps: about 20 MB each


def build(models: Sequence[Model], *, max_megapixels: float) -> gr.Blocks:
    """Returns the page for one checkpoint, or for several side by side."""
    with gr.Blocks(
        title="salgan_jax",
        analytics_enabled=False,
        delete_cache=(one_image.FORGET_AFTER // 6, one_image.FORGET_AFTER),
    ) as page:
        gr.HTML("<h1>Where will people look?</h1>", elem_id="title")
        with gr.Tab("One image"):
            one_image.fill(models, max_megapixels=max_megapixels)
        with gr.Tab("Many images"):
            many_images.fill(models, max_megapixels=max_megapixels)
    return page.queue(default_concurrency_limit=4)


def serve(page: gr.Blocks, *, host: str, port: int, max_megabytes: float) -> None:
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


def is_served(page: gr.Blocks) -> bool:
    """Whether the threads that serve the page are alive."""
    return page.server.thread.is_alive()
