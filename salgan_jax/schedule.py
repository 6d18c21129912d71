"""Which update runs at which step: bootstrap first, then the two players in turn.

Pan et al. 2017, Sec. 4.2: the generator alone for 15 epochs, then alternate iterations
of discriminator and generator. Pure Python, computed once and never re-derived.
"""

import dataclasses
import enum
from collections.abc import Callable, Iterator

from salgan_jax.errors import UserError

SCHEDULES = ("alternate", "both")


class Update(enum.Enum):
    """The updates a step can be."""

    BOOTSTRAP = "bootstrap"
    DISCRIMINATOR = "discriminator"
    GENERATOR = "generator"
    BOTH = "both"


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The plan of a run, in steps; a step is one update on one batch.

    Attributes:
        steps_per_epoch: batches in an epoch; an incomplete last batch is skipped, as
            the authors do.
        bootstrap_steps: steps with content loss only.
        warmup_steps: steps after these that are the discriminator's alone; the paper
            has none.
        num_steps: steps of the whole run.
        schedule: "alternate", the paper's: adversarial steps are the discriminator's
            and the generator's in turn; "both": each is the one's, then the other's,
            on the same batch.

    >>> plan = Schedule(steps_per_epoch=2, bootstrap_steps=2, num_steps=6)
    >>> [plan.update_at(step).value for step in range(3, 5)]
    ['generator', 'discriminator']
    """

    steps_per_epoch: int
    bootstrap_steps: int
    num_steps: int
    schedule: str = "alternate"
    warmup_steps: int = 0

    def update_at(self, step: int) -> Update:
        """Returns the update that turns state `step` into state `step + 1`.

        The adversarial phase begins with the discriminator, so that the first
        adversarial gradient comes from a discriminator that has seen a map.
        """
        if step < self.bootstrap_steps:
            return Update.BOOTSTRAP
        if step < self.game_begins:
            return Update.DISCRIMINATOR
        if self.schedule == "both":
            return Update.BOTH
        turn = (step - self.game_begins) % 2
        return Update.DISCRIMINATOR if turn == 0 else Update.GENERATOR

    @property
    def game_begins(self) -> int:
        """The first step after the discriminator's warm-up."""
        return self.bootstrap_steps + self.warmup_steps

    @property
    def num_moves(self) -> dict[Update, int]:
        """How often each update is made in the whole run.

        >>> plan = Schedule(steps_per_epoch=2, bootstrap_steps=2, num_steps=7)
        >>> [n for n in plan.num_moves.values()]
        [2, 3, 2, 0]
        """
        left = self.num_steps - self.game_begins
        is_both = self.schedule == "both"
        own = 0 if is_both else left - left // 2
        return {
            Update.BOOTSTRAP: self.bootstrap_steps,
            Update.DISCRIMINATOR: self.warmup_steps + own,
            Update.GENERATOR: 0 if is_both else left // 2,
            Update.BOTH: left if is_both else 0,
        }

    def epoch_at(self, step: int) -> int:
        """Returns how many whole epochs lie before `step`."""
        return step // self.steps_per_epoch

    def is_phase_change(self, step: int) -> bool:
        """Returns whether the adversarial phase begins with the update at `step`."""
        return step == self.bootstrap_steps and step < self.num_steps

    def calls(
        self, first_step: int, *, fused_steps: int, is_stop: Callable[[int], bool]
    ) -> Iterator[range]:
        """Yields the steps from `first_step` on as runs that need no look from outside.

        A run has `fused_steps` steps, or one where so many would pass a stop or the
        change of phase, would not begin with the discriminator, or are its warm-up. A
        run that goes on from a stop is cut as if it had never been interrupted.

        Args:
            first_step: updates made so far.
            fused_steps: 1, or an even number.
            is_stop: whether something is due after that many updates.

        >>> plan = Schedule(steps_per_epoch=4, bootstrap_steps=3, num_steps=10)
        >>> list(plan.calls(0, fused_steps=2, is_stop=lambda done: done == 6))
        ... # doctest: +NORMALIZE_WHITESPACE
        [range(0, 2), range(2, 3), range(3, 5), range(5, 6), range(6, 7),
         range(7, 9), range(9, 10)]
        """
        step = first_step
        while step < self.num_steps:
            run = range(step, step + fused_steps)
            passes = any(is_stop(done) for done in run[1:])
            if passes or not self._is_one_pattern(run):
                run = range(step, step + 1)
            yield run
            step = run.stop

    def _is_one_pattern(self, run: range) -> bool:
        if run.stop > self.num_steps or self.bootstrap_steps in run[1:]:
            return False
        if self.bootstrap_steps <= run.start < self.game_begins:
            return False
        return self.update_at(run.start) is not Update.GENERATOR


def make_schedule(
    *,
    num_examples: int,
    batch_size: int,
    bootstrap_epochs: int,
    num_epochs: int,
    schedule: str = "alternate",
    warmup_epochs: int = 0,
) -> Schedule:
    """Returns the plan for a data set of `num_examples`.

    Raises:
        UserError: if not even one batch can be filled.

    >>> make_schedule(
    ...     num_examples=10_000, batch_size=8, bootstrap_epochs=15, num_epochs=120
    ... )
    ... # doctest: +NORMALIZE_WHITESPACE
    Schedule(steps_per_epoch=1250, bootstrap_steps=18750, num_steps=150000,
             schedule='alternate', warmup_steps=0)
    """
    has_game = num_epochs > bootstrap_epochs
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
        schedule=schedule,
        warmup_steps=warmup_epochs * steps_per_epoch if has_game else 0,
    )
