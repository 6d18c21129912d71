"""The mean of what an arm's runs predict: scored as maps are, again when it must."""

import json
import pathlib

import jax
import miniature
import numpy as np
import pytest

from salgan_jax import checkpoints, inference
from salgan_jax.errors import UserError
from salgan_jax.evaluation import chosen_images, protocol
from salgan_jax.reproduction import mean_maps
from salgan_jax.reproduction.runs import PlannedRun


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs of other weights in one arm; in the other the first of them, twice."""
    folder = tmp_path_factory.mktemp("runs")
    config = miniature.config()
    config.data.dataset = "popout/tiny"
    config.data.data_dir = str(folder / "data")

    def run(arm, repeat, seed):
        workdir = folder / f"{arm}-{repeat}"
        save(workdir, config, seed)
        return PlannedRun(workdir.name, arm, repeat, workdir, "smoke.py", {}, config)

    return [
        *(run("perceptual", "seed0", 0), run("perceptual", "seed1", 1)),
        *(run("content", "seed0", 0), run("content", "seed1", 0)),
    ]


def save(workdir: pathlib.Path, config, seed):
    random = np.random.default_rng(seed)
    state = miniature.state()
    params = jax.tree.map(
        lambda x: random.normal(0, 0.1, x.shape).astype(x.dtype), state.generator.params
    )
    state = state.replace(generator=state.generator.replace(params=params))
    with checkpoints.open_manager(
        str(workdir), max_to_keep=1, best_metric="cc"
    ) as manager:
        checkpoints.save(manager, 7, state, config, {"cc": 0.5})


@pytest.fixture(scope="module")
def scored(runs, tmp_path_factory):
    """The folder of the experiment, and what was found."""
    folder = tmp_path_factory.mktemp("experiment")
    return folder, mean_maps.score(runs, folder)


def test_the_mean_map_is_scored_and_that_of_one_generator_twice_is_its_own(
    runs, scored
):
    _, found = scored
    images = chosen_images.of_run(runs[0].config, None, None, None).records
    first, second = (
        protocol.from_images(
            inference.make_predictor(checkpoints.load_generator(str(run.folder)), 8)
        )
        for run in runs[:2]
    )

    def both(some):
        return [(a + b) / 2 for a, b in zip(first(some), second(some), strict=True)]

    for arm, predict in (("content", first), ("perceptual", both)):
        expected = protocol.evaluate(predict, images)
        for metric in ("nss", "cc", "kld", "auc_judd"):
            np.testing.assert_allclose(found[arm][metric], expected[metric], rtol=1e-5)
    assert np.abs(found["perceptual"]["nss"] - found["content"]["nss"]).max() > 0.01
    # Shuffled AUC and IG, which need to know of other images, are there too.
    assert not np.isnan([found["content"][metric] for metric in ("sauc", "ig")]).any()

    compared = mean_maps.compared(
        found["perceptual"], found["content"], ("perceptual", "content")
    )
    of_nss = compared.differences["nss"]
    means = [compared.means[arm]["nss"].mean for arm in ("perceptual", "content")]
    assert of_nss.mean == pytest.approx(means[0] - means[1])
    assert (of_nss.num_images, of_nss.num_runs) == (8, 1)


def test_scores_are_made_again_only_where_a_run_has_changed(runs, scored):
    folder, first = scored
    path = folder / mean_maps.FILE
    made = path.stat().st_mtime_ns
    again = mean_maps.score(runs, folder)
    assert path.stat().st_mtime_ns == made
    for arm, scores in first.items():
        for metric, values in scores.items():
            np.testing.assert_array_equal(values, again[arm][metric])
    fewer = mean_maps.score(runs[1:], folder)
    assert path.stat().st_mtime_ns > made
    assert not np.array_equal(fewer["perceptual"]["nss"], first["perceptual"]["nss"])
    assert json.loads(path.read_text())["steps"] == {run.name: 7 for run in runs[1:]}


def test_a_broken_file_is_one_line(runs, tmp_path):
    (tmp_path / mean_maps.FILE).write_text('{"scores": ')
    with pytest.raises(UserError, match=r"mean_maps.json is broken .*: remove it"):
        mean_maps.score(runs, tmp_path)
