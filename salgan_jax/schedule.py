"""Which update runs at which step: bootstrap first, then the two players in turn.

Pan et al. 2017, Sec. 4.2: the generator alone for 15 epochs, then alternate iterations
of discriminator and generator. Pure Python, computed once and never re-derived.
"""

import dataclasses
import enum

from salgan_jax.errors import UserError


class Update(enum.Enum):
    """The three updates a step can be."""

    BOOTSTRAP = "bootstrap"
    DISCRIMINATOR = "discriminator"
    GENERATOR = "generator"


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The plan of a run, in steps; a step is one update on one batch.

    Attributes:
        steps_per_epoch: batches in an epoch; an incomplete last batch is skipped, as
            the authors do.
        bootstrap_steps: steps with content loss only.
        num_steps: steps of the whole run.

    >>> plan = Schedule(steps_per_epoch=2, bootstrap_steps=2, num_steps=6)
    >>> [plan.update_at(step).value for step in range(3, 5)]
    ['generator', 'discriminator']
    """

    steps_per_epoch: int
    bootstrap_steps: int
    num_steps: int

    def update_at(self, step: int) -> Update:
        """Returns the update that turns state `step` into state `step + 1`.

        The adversarial phase begins with the discriminator, so that the first
        adversarial gradient comes from a discriminator that has seen a map.
        """
        if step < self.bootstrap_steps:
            return Update.BOOTSTRAP
        turn = (step - self.bootstrap_steps) % 2
        return Update.DISCRIMINATOR if turn == 0 else Update.GENERATOR

    def epoch_at(self, step: int) -> int:
        """Returns how many whole epochs lie before `step`."""
        return step // self.steps_per_epoch

    def is_phase_change(self, step: int) -> bool:
        """Returns whether the adversarial phase begins with the update at `step`."""
        return step == self.bootstrap_steps and step < self.num_steps


def make_schedule(
    *, num_examples: int, batch_size: int, bootstrap_epochs: int, num_epochs: int
) -> Schedule:
    """Returns the plan for a data set of `num_examples`.

    Raises:
        UserError: if not even one batch can be filled.

    >>> make_schedule(
    ...     num_examples=10_000, batch_size=8, bootstrap_epochs=15, num_epochs=120
    ... )
    Schedule(steps_per_epoch=1250, bootstrap_steps=18750, num_steps=150000)
    """
    steps_per_epoch = num_examples // batch_size
    if steps_per_epoch == 0:
        raise UserError(
            f"batch_size {batch_size} is larger than the {num_examples} training "
            f"examples: use --config.batch_size={num_examples} or less"
        )
    return Schedule(
        steps_per_epoch=steps_per_epoch,
        bootstrap_steps=bootstrap_epochs * steps_per_epoch,
        num_steps=num_epochs * steps_per_epoch,
    )
