"""What the authors published, for the edition of the data set that it is of.

Pan et al. 2017, arXiv:1701.01081v2, Tables 2 and 3: SALICON as released in 2015, 5,000
validation images, after training on the 10,000 of the training split. SALICON 2017 has
other fixations of the same images, and none of these numbers.
"""

from typing import NamedTuple


class Published(NamedTuple):
    """Numbers of a table.

    Attributes:
        source: which table, of which document.
        scores: by arm and metric.
        notes: sentences about how to read them.
    """

    source: str
    scores: dict[str, dict[str, float]]
    notes: tuple[str, ...] = ()


_SALICON_2015 = "salicon/2015", "validation"
_COLUMNS = "sauc", "auc_borji", "nss", "cc", "ig"
_IG = (
    "The paper's information gain is over a Gaussian, ours over the kernel density of "
    "the training fixations: these two are not comparable."
)


def _rows(**rows: tuple[float, ...]) -> dict[str, dict[str, float]]:
    return {
        arm: dict(zip(_COLUMNS, values, strict=True)) for arm, values in rows.items()
    }


_TABLES: dict[tuple[str, str, str], Published] = {
    ("perceptual_vs_content", *_SALICON_2015): Published(
        "Pan et al. 2017, arXiv:1701.01081v2, Table 3, SALICON 2015 validation",
        _rows(
            perceptual=(0.773, 0.859, 2.589, 0.786, 1.243),  # GAN/4
            content=(0.757, 0.833, 2.580, 0.772, 1.067),  # BCE/4
        ),
        (
            "The published numbers are GAN/4 and BCE/4, of each metric the best over "
            "epochs; ours are of the last checkpoint.",
            "NSS of GAN/4 is 2.589 in arXiv v2, and 2.560 in the workshop abstract "
            "(CVPR 2017, SUNw).",
            _IG,
        ),
    ),
    ("downsampling", *_SALICON_2015): Published(
        "Pan et al. 2017, arXiv:1701.01081v2, Table 2, SALICON 2015 validation",
        _rows(
            downsample_1=(0.752, 0.825, 2.473, 0.761, 0.712),  # BCE
            downsample_2=(0.750, 0.820, 2.527, 0.764, 0.592),  # BCE/2
            downsample_4=(0.755, 0.831, 2.511, 0.763, 0.825),  # BCE/4
            downsample_8=(0.754, 0.827, 2.503, 0.762, 0.831),  # BCE/8
        ),
        ("The published numbers are after 15 epochs.", _IG),
    ),
}


def find(experiment: str, dataset: str, split: str) -> Published | None:
    """Returns what is published for just these images, None where nothing is.

    Args:
        experiment: its name.
        dataset: with its edition, "salicon/2015".
        split: that is scored.

    >>> find("downsampling", "salicon/2017", "validation") is None
    True
    """
    return _TABLES.get((experiment, dataset, split))
