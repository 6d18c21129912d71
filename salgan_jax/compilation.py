"""Compiled programs on disk, so that no command compiles what another has before."""

import os

import jax

from salgan_jax import places

NOWHERE = "none"


def keep_programs(directory: str, *, workdir: str) -> None:
    """Keeps what is compiled from now on, and takes from there what is kept.

    To be called before anything is compiled. JAX's own JAX_COMPILATION_CACHE_DIR goes
    before.

    Args:
        directory: where; "": `compiled_programs` beside the workdir, for all runs that
            lie there; "none": nowhere.
        workdir: of the run.
    """
    if directory == NOWHERE or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    beside = places.as_path(workdir).parent / "compiled_programs"
    jax.config.update("jax_compilation_cache_dir", directory or str(beside))
