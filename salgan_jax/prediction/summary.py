"""What became of all that was given to a prediction, for people and for machines."""

from typing import Any, NamedTuple

from salgan_jax.errors import printable
from salgan_jax.prediction.to_do import Failure


class Summary(NamedTuple):
    """What became of everything that was given; of the failures those of this process.

    Attributes:
        step: of the checkpoint.
        output: the folder.
        inputs: images, videos and cameras.
        videos: of these the videos and cameras.
        written: those whose files are written now.
        done_before: those left out.
        num_failures: of all processes.
        failures: of this process.
        frames: predicted now, those of videos as well.
        seconds: that predicting took, without loading.
    """

    step: int
    output: str
    inputs: int
    videos: int
    written: int
    done_before: int
    num_failures: int
    failures: list[Failure]
    frames: int
    seconds: float

    @property
    def images_per_second(self) -> float:
        """Frames predicted in a second."""
        return self.frames / self.seconds if self.seconds else 0.0

    def lines(self) -> list[str]:
        """Returns it for people."""
        kinds = "images and videos" if self.videos else "images"
        if self.videos == self.inputs:
            kinds = f"videos ({self.frames} frames)"
        lines = [
            f"{self.written} of {self.inputs} {kinds} predicted with step "
            f"{self.step}, written to {self.output}"
        ]
        if self.frames:
            lines.append(f"{self.images_per_second:.1f} images/s")
        if self.done_before:
            lines.append(f"done before: {self.done_before}")
        if self.num_failures:
            what = "skipped" if not self.videos else "skipped, or written in part,"
            lines.append(
                f"{what} because unreadable: {self.num_failures} (named above)"
            )
        return lines

    def as_json(self) -> dict[str, Any]:
        """Returns it as what JSON can hold; names that are no text are escaped."""
        failures = [
            {"path": printable(str(path)), "reason": printable(reason)}
            for path, reason in self.failures
        ]
        return self._asdict() | {
            "output": printable(self.output),
            "failures": failures,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.images_per_second, 3),
        }
