"""How often an arm is run: with several seeds, or on each fold of a split."""

from collections.abc import Sequence
from typing import NamedTuple

from salgan_jax.errors import UserError
from salgan_jax.reproduction.arms import Overrides


class Repeats(NamedTuple):
    """How often every arm is run.

    Attributes:
        seeds: of the runs; with folds only the first counts, and each fold after the
            first has the next one.
        num_folds: 0: a run for each seed; else one for each fold of the training split.
    """

    seeds: tuple[int, ...]
    num_folds: int = 0

    @property
    def all_seeds(self) -> list[int]:
        """The seed of each repeat."""
        if not self.num_folds:
            return [*self.seeds]
        return [self.seeds[0] + fold for fold in range(self.num_folds)]

    def overrides(self) -> dict[str, Overrides]:
        """Returns what the runs of an arm differ in, by the end of their names."""
        if not self.num_folds:
            return {f"seed{seed}": {"seed": seed} for seed in self.seeds}
        return {
            f"fold{fold}": {
                "seed": seed,
                "data.num_folds": self.num_folds,
                "data.fold": fold,
            }
            for fold, seed in enumerate(self.all_seeds)
        }


def parse_seeds(words: Sequence[str]) -> tuple[int, ...]:
    """Returns the seeds that words of the command line say.

    Raises:
        UserError: one is no whole number, or there twice.
    """
    given = ",".join(words)
    if not words or not all(word.strip().isdecimal() for word in words):
        raise UserError(f"--seeds={given}: whole numbers with commas, as in 0,1,2")
    found = tuple(map(int, words))
    if len(set(found)) < len(found):
        raise UserError(f"--seeds={given}: a seed is there twice")
    return found
