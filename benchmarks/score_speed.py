"""How fast maps are scored, beside pysaliency doing the same in the same run.

  python benchmarks/score_speed.py [--num_images=40]

Images of 640 x 480 with 400 fixations each; all metrics that both have: NSS, exact AUC,
AUC-Judd, shuffled AUC against all fixations of all other images, CC, SIM, KL divergence
and information gain. Ours computes AUC-Borji as well. Both start from arrays in memory.
"""

import pathlib
import resource
import sys
import time

import jax
import numpy as np
from absl import app, flags

from salgan_jax.data import fixations
from salgan_jax.evaluation import scoring
from salgan_jax.evaluation.baseline_predictors import Scored
from salgan_jax.evaluation.scoring import Knowledge, Scoring

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "tests"))
import peer  # pyright: ignore[reportMissingImports]

HEIGHT, WIDTH, NUM_FIXATIONS = 480, 640, 400
_NUM_IMAGES = flags.DEFINE_integer("num_images", 40, "That pysaliency scores.")
_NUM_MORE = flags.DEFINE_integer("num_more", 0, "That we score besides, for memory.")


def make_record(seed: int) -> Scored:
    """Returns people who look around three places of noise."""
    random = np.random.default_rng(seed)
    places = random.uniform(0.2, 0.8, (3, 2))[random.integers(3, size=NUM_FIXATIONS)]
    points = (places + random.normal(0, 0.06, places.shape)).clip(0, 0.999)
    points = (points * (WIDTH, HEIGHT)).astype(np.float32)
    density_map = fixations.density_map(points, height=HEIGHT, width=WIDTH, sigma_px=19)
    blank = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    return Scored(str(seed), blank, density_map, points, np.zeros(len(points), int))


def make_map(seed: int) -> np.ndarray:
    """Returns smooth noise, as a model's map is, float32 above 0."""
    random = np.random.default_rng(seed)
    coarse = random.exponential(size=(12, 16))
    return np.kron(coarse, np.ones((40, 40))).astype(np.float32) + random.uniform(
        0.01, 0.1, (HEIGHT, WIDTH)
    ).astype(np.float32)


def score_ours(maps: list[np.ndarray], records: list[Scored], prior: np.ndarray):
    """Returns our scores of all maps."""
    pool = fixations.OtherFixations(
        [r.fixations for r in records], [r.size for r in records]
    )
    known = [Knowledge(pool.counts(i), prior) for i in range(len(records))]
    return scoring.score_predictions(maps, records, known, Scoring(batch_size=8))


def main(argv: list[str]) -> None:
    """Times both and prints a line for each."""
    del argv
    number = _NUM_IMAGES.value
    records = [make_record(i) for i in range(number)]
    maps = [make_map(1000 + i) for i in range(number)]
    prior = make_map(0)
    score_ours(maps[:8], records[:8], prior)  # compiles
    start = time.perf_counter()
    ours = score_ours(maps, records, prior)
    our_seconds = (time.perf_counter() - start) / number

    stimuli, points = peer.dataset(
        [record.size for record in records], [record.fixations for record in records]
    )
    densities = [record.density_map for record in records]
    peer.scores(
        *peer.dataset([(9, 9)] * 2, [np.ones((2, 2))] * 2), *[[np.eye(9) + 1] * 2] * 3
    )
    start = time.perf_counter()
    theirs = peer.scores(stimuli, points, maps, densities, [prior] * number)
    their_seconds = (time.perf_counter() - start) / number

    print(f"device: {jax.devices()[0].device_kind}, {number} images of 640 x 480")
    print(f"pysaliency  {1e3 * their_seconds:8.1f} ms an image")
    print(f"salgan_jax  {1e3 * our_seconds:8.1f} ms an image")
    print(f"ratio       {their_seconds / our_seconds:8.1f}")
    worst = max(np.abs(ours[name] - theirs[name]).max() for name in theirs)
    print(f"largest difference of a score: {worst:.1e}")
    for _ in range(_NUM_MORE.value // number):
        score_ours(maps, records, prior)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"most memory: {peak:.2f} GB")


if __name__ == "__main__":
    app.run(main)
