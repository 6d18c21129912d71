"""Checkpoints: state, config, scores and checksums in one Orbax directory per step.

    workdir/checkpoints/<step>/{state,config,metrics,checksums}

A step that is being written has another name until it is complete. The newest steps
are kept, and the best by one metric besides.
"""

from salgan_jax.checkpoints.generators import (
    LoadedGenerator,
    as_loaded,
    load_generator,
    make_generator,
)
from salgan_jax.checkpoints.integrity import DamagedCheckpoint
from salgan_jax.checkpoints.reading import (
    Saved,
    all_steps,
    best_step,
    has_checkpoints,
    latest_step,
    newest_intact,
    restore_arrays,
    saved_config,
    saved_metrics,
    sign_of,
)
from salgan_jax.checkpoints.resuming import as_state, set_aside_damaged
from salgan_jax.checkpoints.writing import (
    Manager,
    open_manager,
    replace,
    save,
    save_weights,
)

__all__ = [
    "DamagedCheckpoint",
    "LoadedGenerator",
    "Manager",
    "Saved",
    "all_steps",
    "as_loaded",
    "as_state",
    "best_step",
    "has_checkpoints",
    "latest_step",
    "load_generator",
    "make_generator",
    "newest_intact",
    "open_manager",
    "replace",
    "restore_arrays",
    "save",
    "save_weights",
    "saved_config",
    "saved_metrics",
    "set_aside_damaged",
    "sign_of",
]
