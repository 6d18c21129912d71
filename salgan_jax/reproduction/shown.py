"""What an experiment shows of its results: sentences, tables, figures."""

from typing import NamedTuple

from salgan_jax.reproduction.figures import Figure
from salgan_jax.reproduction.tables import Table


class Shown(NamedTuple):
    """What is shown.

    Attributes:
        title: the experiment and its data.
        question: in a sentence.
        verdicts: the answers, in sentences.
        notes: sentences that belong beside the results.
        tables, figures: in order.
        provenance: where the numbers come from, in a line.
    """

    title: str
    question: str
    verdicts: list[str]
    notes: list[str]
    tables: list[Table]
    figures: list[Figure]
    provenance: str

    def markdown(self) -> str:
        """Returns everything but the figures as Markdown."""
        parts = [
            f"# {self.title}",
            self.question,
            *self.verdicts,
            *(table.markdown().rstrip() for table in self.tables),
            "\n".join(f"- {note}" for note in self.notes),
            self.provenance,
        ]
        return "\n\n".join(part for part in parts if part) + "\n"
