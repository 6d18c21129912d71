"""Training and validation of datasets whose publishers made no such split."""

from salgan_jax.data.stimuli import Stimulus


def held_out(found: list[Stimulus], *, every: int) -> dict[str, list[Stimulus]]:
    """Returns the image with index i as validation if i % every == 0, else as train."""
    train = [stimulus for i, stimulus in enumerate(found) if i % every != 0]
    return {"train": train, "validation": found[::every]}
