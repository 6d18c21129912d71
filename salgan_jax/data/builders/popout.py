"""Pop-out: search displays with one odd item, generated from a seed in seconds."""

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from salgan_jax.data import images, record_format
from salgan_jax.data.builders import popout_displays

SEED = 2017


@dataclasses.dataclass(kw_only=True)
class PopoutConfig(tfds.core.BuilderConfig):
    """How many displays to generate."""

    num_train: int
    num_validation: int


class Popout(tfds.core.GeneratorBasedBuilder):
    """Displays of `popout_displays`, with the odd item as ground truth."""

    VERSION = tfds.core.Version("2.0.0")
    BUILDER_CONFIGS: ClassVar[list[PopoutConfig]] = [
        PopoutConfig(name="full", num_train=400, num_validation=100),
        PopoutConfig(name="tiny", num_train=24, num_validation=8),
        # As many as SALICON, to time a whole run.
        PopoutConfig(name="large", num_train=10_000, num_validation=100),
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        return record_format.dataset_info(
            self,
            description=(
                "Search displays with one item that is odd in colour, orientation or "
                "size, at any place. Density: the odd item blurred by a Gaussian of "
                f"sigma {popout_displays.SIGMA_PX:g} px. Fixations: of simulated "
                "observers, most on the odd item, some on others."
            ),
            sigma_px=popout_displays.SIGMA_PX,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        del dl_manager  # nothing is downloaded
        config: Any = self.builder_config
        return {
            "train": self._generate_examples("train", config.num_train),
            "validation": self._generate_examples("validation", config.num_validation),
        }

    def _generate_examples(
        self, split: str, num_displays: int
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for i in range(num_displays):
            yield i, make_example(split, i)


def make_example(split: str, index: int) -> dict[str, Any]:
    """Returns the example of one display; other splits and indices differ from it."""
    split_number = ("train", "validation").index(split)
    display = popout_displays.make_display((SEED, split_number, index))
    return record_format.encode(
        record_id=f"{split}_{index:05d}_{display.feature}",
        image=images.encode_png(display.image),
        size=display.image.shape[:2],
        density_map=display.density_map,
        fixations=display.fixations,
        observers=display.observers,
    )
