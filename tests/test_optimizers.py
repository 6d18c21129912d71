"""AdaGrad, coupled decay and freezing, one step at a time by hand."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from salgan_jax import optimizers

ADAGRAD: dict[str, Any] = {
    "rule": "adagrad",
    "learning_rate": 0.1,
    "initial_accumulator_value": 0.0,
    "epsilon": 1e-6,
    "momentum": 0.0,
    "weight_decay": 0.0,
}


def steps(settings, params, gradients, labels=None):
    labels = labels or dict.fromkeys(params, "trained")
    optimizer = optimizers.make_optimizer(labels, **settings)
    state = optimizer.init(params)
    for gradient in gradients:
        updates, state = optimizer.update(gradient, state, params)
        params = {name: params[name] + updates[name] for name in params}
    return params, state


def test_adagrad_starts_from_an_empty_accumulator():
    params, _ = steps(
        ADAGRAD, {"w": jnp.float32(1.0)}, [{"w": jnp.float32(g)} for g in (0.01, -0.02)]
    )
    first = 1 - 0.1 * 0.01 / np.sqrt(0.01**2 + 1e-6)
    expected = first + 0.1 * 0.02 / np.sqrt(0.01**2 + 0.02**2 + 1e-6)
    assert float(params["w"]) == pytest.approx(expected, rel=1e-6)


def test_decay_is_the_gradient_of_the_penalty_and_passes_through_adagrad():
    settings: Any = ADAGRAD | {"weight_decay": 1e-4}
    params, _ = steps(settings, {"w": jnp.float32(3.0)}, [{"w": jnp.float32(0.01)}])
    gradient = 0.01 + 2 * 1e-4 * 3.0
    expected = 3 - 0.1 * gradient / np.sqrt(gradient**2 + 1e-6)
    assert float(params["w"]) == pytest.approx(expected, rel=1e-6)


def test_nesterov_looks_ahead():
    settings: Any = ADAGRAD | {"rule": "nesterov", "momentum": 0.5}
    params, _ = steps(settings, {"w": jnp.float32(0.0)}, [{"w": jnp.float32(1.0)}] * 2)
    # Velocities 1 and 1.5; steps of gradient + momentum * velocity.
    assert float(params["w"]) == pytest.approx(-0.1 * ((1 + 0.5) + (1 + 0.75)))


def test_the_decay_of_adamw_does_not_pass_through_the_rule():
    settings: Any = ADAGRAD | {"rule": "adamw", "weight_decay": 0.25}
    params, _ = steps(settings, {"w": jnp.float32(3.0)}, [{"w": jnp.float32(0.01)}])
    # Adam's first step is the learning rate; the penalty's gradient is 2 w p.
    expected = 3 - 0.1 * (1 + 2 * 0.25 * 3)
    assert float(params["w"]) == pytest.approx(expected, rel=1e-5)


def test_a_warm_learning_rate_rises_for_a_twentieth_and_ends_at_nothing():
    settings: Any = ADAGRAD | {
        "rule": "nesterov",
        "schedule": "warmup_cosine",
        "num_updates": 100,
    }
    optimizer = optimizers.make_optimizer({"w": "trained"}, **settings)
    params, rates = {"w": jnp.float32(0.0)}, []
    state = optimizer.init(params)
    for _ in range(101):
        updates, state = optimizer.update({"w": jnp.float32(1.0)}, state, params)
        rates.append(-float(updates["w"]))
    assert rates[:6] == pytest.approx([0, 0.02, 0.04, 0.06, 0.08, 0.1], abs=1e-6)
    middle = 0.1 * (1 + np.cos(np.pi * 45 / 95)) / 2
    assert rates[50] == pytest.approx(middle, rel=1e-5)
    assert rates[100] == pytest.approx(0, abs=1e-6)


def test_frozen_parameters_have_no_step_no_decay_and_no_slot():
    settings: Any = ADAGRAD | {"weight_decay": 1e-4}
    labels = {"frozen_one": "frozen", "trained_one": "trained"}
    before = {name: jnp.float32(2.0) for name in labels}
    gradients = [{name: jnp.float32(1.0) for name in labels}]
    after, state = steps(settings, before, gradients, labels)
    assert after["frozen_one"] == 2.0
    assert after["trained_one"] < 2.0
    assert len(jax.tree.leaves(state)) == 1


def test_labels_freeze_the_first_blocks_of_the_encoder_only():
    layer = {"kernel": 0, "bias": 0}
    params = {
        "encoder": {"conv1_2": layer, "conv3_3": layer, "conv4_1": layer},
        "decoder": {"decoder_conv1_2": layer, "decoder_output": layer},
    }
    labels = optimizers.generator_labels(params, frozen_blocks=3)
    assert labels["encoder"]["conv1_2"] == {"kernel": "frozen", "bias": "frozen"}
    assert labels["encoder"]["conv3_3"]["kernel"] == "frozen"
    assert labels["encoder"]["conv4_1"]["kernel"] == "trained"
    assert labels["decoder"]["decoder_conv1_2"]["kernel"] == "trained"


def test_an_unknown_schedule_is_refused():
    with pytest.raises(ValueError, match="use one of constant, warmup_cosine"):
        optimizers.make_optimizer({}, **ADAGRAD, schedule="linear")


def test_an_unknown_rule_is_refused():
    with pytest.raises(
        ValueError, match="'rmsprop': use one of adagrad, nesterov, adam"
    ):
        optimizers.make_optimizer({}, **{**ADAGRAD, "rule": "rmsprop"})
