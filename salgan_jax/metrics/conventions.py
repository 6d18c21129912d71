"""What communities do differently when they compute a score of the same name.

A metric is written once; where the communities part, it asks its convention. Scores of
different conventions are not comparable.
"""

from typing import NamedTuple


class Convention(NamedTuple):
    """One community's choices.

    Attributes:
        name: of the flag `--convention`.
        counts_repeats: a pixel fixated k times counts k times, else once.
        nss_degrees_of_freedom: what NSS subtracts from the number of pixels in the
            standard deviation.
        scales_to_unit_range: SIM and IG bring maps to [0, 1] by minimum and maximum,
            before they divide by the sum.
        constant_map_has_scores: a map without any contrast scores as chance does (a map
            of zeros as the uniform distribution), else it has no score, but for KL
            divergence, which is defined.
        constant_map_has_nss: it has an NSS: 0.
        auc_judd_ranks_ties: of k equal fixated values each is a threshold of its own
            rank, as in the formula of the MIT code without its random jitter; else all
            have the rank of the last.
        auc_borji_step: between the thresholds of AUC-Borji, on a map in [0, 1].
        sauc_step: the same for shuffled AUC; 0: exact, ties count one half.
        sauc_num_others: shuffled AUC compares with fixations of so many other images;
            0: of all others.
        sauc_counts_repeats: a pixel that others fixated k times counts k times.
        sauc_excludes_own: a pixel of the image's own fixations is not compared with.
        density_sigma_px: CC is computed against the fixated pixels, each once, blurred
            by this sigma; 0: against the dataset's density maps, as SIM and KLD.
    """

    name: str
    counts_repeats: bool
    nss_degrees_of_freedom: int
    scales_to_unit_range: bool
    constant_map_has_scores: bool
    constant_map_has_nss: bool
    auc_judd_ranks_ties: bool
    auc_borji_step: float
    sauc_step: float
    sauc_num_others: int
    sauc_counts_repeats: bool
    sauc_excludes_own: bool
    density_sigma_px: float


# The MIT/Tübingen Saliency Benchmark of today: pysaliency 0.2.22. It has no AUC-Borji,
# which is the MIT code's here, with repeated fixations counted.
TUEBINGEN = Convention(
    name="tuebingen",
    counts_repeats=True,
    nss_degrees_of_freedom=0,
    scales_to_unit_range=False,
    constant_map_has_scores=True,
    constant_map_has_nss=True,
    auc_judd_ranks_ties=False,
    auc_borji_step=0.1,
    sauc_step=0.0,
    sauc_num_others=0,
    sauc_counts_repeats=True,
    sauc_excludes_own=False,
    density_sigma_px=0.0,
)

# The MATLAB code of the MIT benchmark until 2018: github.com/cvzoya/saliency.
MIT_LEGACY = Convention(
    name="mit_legacy",
    counts_repeats=False,
    nss_degrees_of_freedom=1,
    scales_to_unit_range=True,
    constant_map_has_scores=False,
    constant_map_has_nss=False,
    auc_judd_ranks_ties=True,
    auc_borji_step=0.1,
    sauc_step=0.1,
    sauc_num_others=10,
    sauc_counts_repeats=False,
    sauc_excludes_own=False,
    density_sigma_px=0.0,
)

# github.com/NUS-VIP/salicon-evaluation with all points (filterAnns=False) for NSS, CC,
# AUC-Borji and shuffled AUC; the others, as on CodaLab 17136, by the MIT formulas.
SALICON = MIT_LEGACY._replace(
    name="salicon",
    counts_repeats=True,
    nss_degrees_of_freedom=0,
    constant_map_has_nss=True,
    auc_borji_step=0.01,
    sauc_step=0.01,
    sauc_num_others=0,
    sauc_counts_repeats=True,
    sauc_excludes_own=True,
    density_sigma_px=19.0,
)

CONVENTIONS = {c.name: c for c in (TUEBINGEN, MIT_LEGACY, SALICON)}
