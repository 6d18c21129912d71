"""The config in a checkpoint: newer fields in it, and which run may go on from it."""

from typing import Any

from ml_collections import ConfigDict

from salgan_jax import config as config_module
from salgan_jax import fields
from salgan_jax.errors import UserError

# May differ between the run that wrote a checkpoint and the run that goes on from it:
# these change what is shown or kept, or when the run ends, but not what a step does.
RESUMABLE_FIELDS = (
    "name",
    "num_devices",
    "data.data_dir",
    "data.eval_split",
    "data.cache",  # the batches are the same
    "data.num_workers",
    "model.cache_frozen_features",  # the same features
    "compilation_cache",
    "on_nan",  # a step that is finite is the same
    "init_from",
    "phases.num_epochs",  # a longer run goes on; the steps before are the same
    "logging",
    "evaluation",
    "checkpoint",
)


def complete(saved: dict[str, Any]) -> ConfigDict:
    """Returns the config of a checkpoint, with the fields that are newer than it.

    A new field's default means what was done before there was the field.
    """
    config = config_module.default()
    config.precision.generator = "float32"  # as before there was a choice
    losses = dict(saved.get("losses", {}))
    if "kl_cc_nss" in losses:  # one weight for all three, before each had its own
        losses |= dict.fromkeys(("kld", "cc", "nss"), losses.pop("kl_cc_nss"))
        saved = {**saved, "losses": losses}
    with config.unlocked():
        config.update(saved)
    return config


def check_resumable(
    saved: ConfigDict, current: ConfigDict, *, epochs_done: float
) -> None:
    """Checks that a run with `current` may go on where one with `saved` stopped.

    Args:
        saved: the config in the checkpoint.
        current: the config of this start.
        epochs_done: up to the checkpoint. A bootstrap phase that has not ended yet may
            become longer or shorter: runs that differ in it alone can share its start.

    Raises:
        UserError: lists the fields that would change what a step does, or has done.
    """
    before, now = _flat(saved), _flat(current)
    if _has_cosine(now):
        _check_same_length(before, now)
    length = "phases.bootstrap_epochs"
    if epochs_done <= min(before[length], now[length]):
        before[length] = now[length]
    changed = [
        f"{field} was {before.get(field)!r}, now {now.get(field)!r}"
        for field in sorted(before.keys() | now.keys())
        if before.get(field) != now.get(field) and not _may_change(field)
    ]
    if changed:
        raise UserError(
            f"the workdir holds a run of another config ({'; '.join(changed)}): use "
            "another --workdir, or the config that it was started with"
        )


def _check_same_length(before: dict[str, Any], now: dict[str, Any]) -> None:
    for field in ("phases.bootstrap_epochs", "phases.num_epochs"):
        if before[field] != now[field]:
            raise UserError(
                "a run whose learning rate falls to 0 at the end of a phase cannot be "
                f"made longer or shorter: keep --config.{field}={before[field]}"
            )


def _has_cosine(config: dict[str, Any]) -> bool:
    return "warmup_cosine" in [
        value for name, value in config.items() if name.endswith("_optimizer.schedule")
    ]


def _may_change(field: str) -> bool:
    return any(
        field == name or field.startswith(f"{name}.") for name in RESUMABLE_FIELDS
    )


def _flat(config: ConfigDict) -> dict[str, Any]:
    """The fields by their full names; JSON knows no tuples."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in fields.flat(config.to_dict()).items()
    }
