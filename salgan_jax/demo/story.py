"""From the workdirs of checkpoints to a page that anybody on this machine can open."""

import errno
import importlib.util
import os
import signal
import socket
import tempfile
import time
from collections.abc import Sequence

from salgan_jax.data import opening
from salgan_jax.errors import UserError

PACKAGE = "gradio"


def run(
    workdirs: Sequence[tuple[str, int | None]],
    *,
    host: str,
    port: int,
    max_megabytes: float,
    max_megapixels: float,
    post_processing: str,
    backend: str,
    precision: str,
) -> None:
    """Serves the page until the process is told to end.

    What visitors upload lies in a folder of its own, which is removed then.

    Args:
      workdirs: and the step of each, None for its newest.
      host: the address to listen at.
      port: of it.
      max_megabytes: a larger file is not taken.
      max_megapixels: a larger image is refused before it is decoded.
      post_processing: see `inference.make_predictor`, as for the next two.
      backend: what computes the network.
      precision: of its arithmetic.

    Raises:
      UserError: Gradio is missing, nobody can listen there, or a limit is none.
    """
    check(host, port, max_megabytes=max_megabytes, max_megapixels=max_megapixels)
    signal.signal(signal.SIGTERM, _end)
    with tempfile.TemporaryDirectory(prefix="salgan_jax_demo_") as folder:
        # Gradio reads them when it is imported.
        os.environ["GRADIO_TEMP_DIR"] = folder
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        from salgan_jax.demo import models, page

        loaded = [
            models.load(
                workdir,
                step,
                post_processing=post_processing,
                backend=backend,
                precision=precision,
            )
            for workdir, step in workdirs
        ]
        built = page.build(loaded, max_megapixels=max_megapixels)
        try:
            page.serve(built, host=host, port=port, max_megabytes=max_megabytes)
            titles = " and ".join(model.title for model in loaded)
            print(f"{titles}: open http://{host}:{port} (Ctrl-C ends it)", flush=True)
            # No signal.pause(): another thread may get the signal, and it would go on.
            while page.is_served(built):
                time.sleep(0.2)
        finally:
            built.close()


def check(host: str, port: int, *, max_megabytes: float, max_megapixels: float) -> None:
    """Raises UserError if the page could not be served like this."""
    if not importlib.util.find_spec(PACKAGE):
        raise UserError(
            f"the demo needs {PACKAGE}, which cannot be imported: "
            "pip install -r requirements-apps.txt"
        )
    opening.check_limit(max_megapixels)
    if not max_megabytes > 0:
        raise UserError(
            f"--max_megabytes={max_megabytes:g} lets no image through: it must be "
            "above 0"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        # As the server itself does: a port that was just left is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "the port is taken" if taken else error.strerror
            raise UserError(
                f"cannot listen at --host={host} --port={port}: {reason}; choose "
                f"another {'--port' if taken else '--host or --port'}"
            ) from error


def _end(number: int, frame: object) -> None:
    del frame
    raise SystemExit(128 + number)
