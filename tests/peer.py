"""pysaliency, the code of the MIT/Tübingen benchmark, as a peer for our metrics."""

import warnings

import numpy as np


def load():
    """The module. It still asks NumPy for `trapz`, and imports with warnings."""
    if not hasattr(np, "trapz"):
        np.trapz = np.trapezoid  # pyright: ignore[reportAttributeAccessIssue]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pysaliency
    return pysaliency


@np.errstate(invalid="ignore")  # it multiplies memory that it has not set yet
def dataset(sizes, points):
    """Stimuli of noise and fixations (x, y), in pysaliency's classes."""
    pysaliency = load()
    noise = [
        np.random.default_rng(i).integers(0, 9, (*s, 3)) for i, s in enumerate(sizes)
    ]
    stimuli = pysaliency.Stimuli([image.astype(np.uint8) for image in noise])
    number = np.concatenate([np.full(len(xy), i) for i, xy in enumerate(points)])
    x, y = np.concatenate(points).astype(np.float64).T
    return stimuli, pysaliency.Fixations.create_without_history(x, y, number)


@np.errstate(divide="ignore", invalid="ignore")  # it takes logarithms of zero
def scores(stimuli, fixations, maps, densities, priors):
    """A dict of lists, a value for each image, of everything that pysaliency has."""
    pysaliency = load()
    numbers = range(len(stimuli))

    def as_model(arrays, base):
        class Model(base):
            def _map(self, stimulus):
                return arrays[number_of[stimulus.tobytes()]]

            _saliency_map = _log_density = _map

        return Model(caching=False)

    number_of = {np.asarray(stimuli.stimuli[i]).tobytes(): i for i in numbers}
    saliency_map = as_model(maps, pysaliency.SaliencyMapModel)
    density = as_model(densities, pysaliency.SaliencyMapModel)
    with_zero = [each - min(each.min(), 0) for each in maps]
    log_density = as_model(
        [np.log(each / each.sum()) for each in with_zero], pysaliency.Model
    )
    log_prior = as_model(
        [np.log(each / each.sum()) for each in priors], pysaliency.Model
    )
    per_image = {
        "auc": "uniform",
        "sauc": "shuffled",
    }
    found = {
        name: saliency_map.AUC_per_image(stimuli, fixations, nonfixations=others)
        for name, others in per_image.items()
    }
    found["auc_judd"] = saliency_map.AUC_per_image(
        stimuli, fixations, nonfixations="unfixated", thresholds="fixations"
    )
    gains = log_density.information_gains(stimuli, fixations, log_prior)
    nsss = saliency_map.NSSs(stimuli, fixations)
    for name, values in (("nss", nsss), ("ig", gains)):
        found[name] = [values[fixations.n == i].mean() for i in numbers]
    found["cc"] = saliency_map.CCs(stimuli, density)
    found["sim"] = saliency_map.SIMs(stimuli, density)
    found["kld"] = saliency_map.image_based_kl_divergences(
        stimuli,
        density,
        minimum_value=0,
        log_regularization=2.2204e-16,
        quotient_regularization=2.2204e-16,
    )
    return found
