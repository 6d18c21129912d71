"""Several data sets: a generator trained on each alone, and one on all of them."""

from collections.abc import Sequence

from ml_collections import ConfigDict

from salgan_jax.data import mixtures
from salgan_jax.errors import UserError
from salgan_jax.reproduction.arms import Arm, Experiment

ALL = "all"
_USERS = "image_folder/"  # what comes after it is a name that the user gave


def experiment(config: ConfigDict) -> Experiment:
    """The mixture of the config against each of its data sets, on each test set.

    Raises:
        UserError: the config has one data set.
    """
    mixture = config.data.dataset
    datasets = [name for name, _ in mixtures.parse(mixture)]
    if len(datasets) == 1:
        raise UserError(
            "transfer is about several data sets, and config.data.dataset is "
            f"{mixture!r}: name them with weights, as in "
            "--dataset=osie:440,eyecrowd:320"
        )
    named = dict(zip(names(datasets), datasets, strict=True))
    return Experiment(
        name="transfer",
        question="Is a generator that was trained on several data sets as good on each "
        "as one that was trained on that data set alone?",
        arms=(
            Arm(ALL, "trained on all of them", {}),
            *(
                Arm(name, f"trained on {dataset} alone", {"data.dataset": dataset})
                for name, dataset in named.items()
            ),
        ),
        reference=ALL,
        notes=(
            f"Every run has {config.phases.num_epochs} epochs, and an epoch has as "
            f"many examples as there are training images, so that {ALL} makes more "
            "updates than the others. It sees an image about as often as they do where "
            f"the weights are the numbers of training images; here they are {mixture}.",
        ),
        test_sets=named,
    )


def names(datasets: Sequence[str]) -> list[str]:
    """Returns what arms and test sets are called, which is safe for folders.

    >>> names(["salicon/2017", "image_folder/figrim"])
    ['salicon_2017', 'figrim']
    >>> names(["osie", "image_folder/OSIE"])
    ['osie', 'image_folder_OSIE']
    """
    short = [dataset.removeprefix(_USERS) for dataset in datasets]
    distinct = {ALL, *(name.replace("/", "_").casefold() for name in short)}
    chosen = short if len(distinct) == len(datasets) + 1 else datasets
    return [name.replace("/", "_") for name in chosen]
