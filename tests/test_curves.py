import numpy as np
import pytest

from salgan_jax import curves


def test_curves_draw_losses_scores_and_the_phase_change():
    steps = np.arange(0, 3000, 10)
    scalars = {
        "train/content_loss": (steps, np.exp(-steps / 1000)),
        "train/adversarial_loss": (steps[100:], np.ones(200)),
        "train/discriminator_loss": (steps[100:], np.ones(200)),
        "eval/nss": ([0, 1000, 2000], [0.1, 1.0, 1.5]),
        "eval/cc": ([0, 1000, 2000], [0.1, 0.4, 0.5]),
    }
    without = curves.draw(scalars, width=1000)
    picture = curves.draw(scalars, phase_change_step=1000, width=1000)
    assert picture.shape == (640, 1000, 3) and picture.dtype == np.uint8
    assert (picture != without).any()


@pytest.mark.parametrize("scalars", [{}, {"eval/nss": ([], [])}, {"loss": ([0], [1])}])
def test_curves_of_a_run_that_has_just_begun(scalars):
    picture = curves.draw(scalars, phase_change_step=100, width=500)
    assert picture.shape[1] == 500


def test_running_mean_takes_fewer_values_at_the_ends():
    result = curves._running_mean(np.array([1.0, 4.0, 7.0, 10.0]), 3)
    np.testing.assert_allclose(result, [2.5, 4, 7, 8.5])
