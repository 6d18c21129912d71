"""What an experiment shows of its results: sentences, tables, figures."""

from typing import Any, NamedTuple

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

    def as_json(self) -> dict[str, Any]:
        """Returns what a page is made of, as JSON values; of figures their words."""
        return {
            "verdicts": self.verdicts,
            "notes": self.notes,
            "provenance": self.provenance,
            "tables": [table._asdict() for table in self.tables],
            "figures": [
                {"file": each.file, "caption": each.caption, "alt": each.alt}
                for each in self.figures
            ],
        }

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
