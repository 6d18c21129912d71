"""The benchmark counts right, is fair, and refuses to compare what is not the same."""

import json
import subprocess
import sys
import time

import jax
import numpy as np
import pytest
from shown_commands import ROOT

from benchmarks import (
    contestants,
    equality,
    flops,
    growth,
    memory,
    render,
    steps,
    tails,
    targets,
    timing,
)
from salgan_jax.data import records
from salgan_jax.errors import UserError

GIGA = 1e9


def test_flops_are_those_of_the_layers():
    counted = flops.per_image(192, 256)
    # Worked out for this network by hand, in GFLOP.
    for task, expected in (
        ("predict", 79.9),
        ("bootstrap", 201.3),
        ("discriminator", 91.3),
        ("generator", 205.1),
        ("both", 216.5),
    ):
        assert counted[task] / GIGA == pytest.approx(expected, rel=2e-3), task
    assert flops.per_image(384, 512)["predict"] == 4 * counted["predict"]


def test_flops_of_a_prediction_are_about_what_xla_counts():
    network = contestants.make_network((32, 48), 1 / 16)
    setup = contestants.make_experiment((32, 48), 1 / 16, "float32")
    generator = setup.recipe.generator.clone(forms="reference")
    image = np.zeros((1, 32, 48, 3), np.float32)
    lowered = jax.jit(generator.apply).lower(
        {"params": network.params.generator}, image
    )
    cost = lowered.cost_analysis()
    assert cost is not None
    counted = flops.per_image(32, 48, width_multiplier=1 / 16)["predict"]
    # XLA also counts bias, ReLU and resizing, and not the zeros at the border.
    assert 0.8 < cost["flops"] / counted < 1.2


def test_contestants_take_turns_and_short_ones_are_repeated():
    turns = []

    def runner(name, duration):
        def run(count):
            turns.append((name, count))
            time.sleep(duration * count)

        return run

    runners = {"slow": runner("slow", 0.06), "fast": runner("fast", 0.01)}
    times = timing.interleave(runners, rounds=3)
    names = [name for name, _ in turns]
    assert names == ["slow"] * 2 + ["fast"] * 2 + ["slow", "fast"] * 3
    assert turns[-2] == ("slow", 1) and turns[-1][1] in (3, 4, 5)
    assert 0.06 <= times["slow"].minimum <= times["slow"].median
    assert 0.01 <= times["fast"].minimum < 0.06


def test_memory_is_what_a_call_touches_even_if_it_gives_it_back():
    def call():
        np.ones(100_000_000, np.uint8).sum()

    taken = memory.of_call(call)
    if taken is None:
        pytest.skip("this system does not tell the most memory of a process")
    assert 0.9e8 < taken < 1.5e8


@pytest.fixture(scope="module")
def network():
    pytest.importorskip("torch", reason="PyTorch, the peer, is not installed")
    return contestants.make_network((32, 48), 1 / 16)


@pytest.mark.parametrize(
    "task",
    [
        "predict",
        "discriminator",
        "generator",
        pytest.param("bootstrap", marks=pytest.mark.slow),
    ],
)
def test_pytorch_and_we_compute_the_same(network, task):
    entries = steps.entries(task, ["float32"], [steps.EAGER])
    measured = steps.measure(
        network, steps.Task(task, 2, entries), limits={"float32": 1e12}, rounds=1
    )
    assert [record["who"] for record in measured][-1] == steps.PEER
    assert len(measured) == (2 if task == "predict" else 3)
    for record in measured:
        assert record["difference"] < 1e-4
        assert record["minimum"] > 0
        assert record["images_per_second"] == pytest.approx(2 / record["median"])


def test_a_peer_that_computes_something_else_is_not_compared(network, monkeypatch):
    from benchmarks import torch_salgan

    monkeypatch.setattr(torch_salgan, "MEAN", (120.0, 116.28, 103.53))
    entries = steps.entries("predict", ["float32"], [steps.EAGER])
    with pytest.raises(UserError, match=r"differs from .* times cannot be compared"):
        steps.measure(
            network,
            steps.Task("predict", 2, entries),
            limits={"float32": 1e12},
            rounds=1,
        )


@pytest.mark.parametrize(
    ("value", "is_fine", "is_refused"),
    [(2.001, True, False), (2.01, True, True), (2.1, False, False), (2.3, False, True)],
)
def test_losses_are_compared_relative_to_the_reference(value, is_fine, is_refused):
    values = {"ours": value, "theirs": 2.0}
    if is_refused:
        with pytest.raises(UserError, match="ours differs from theirs by"):
            equality.check(values, reference="theirs", is_fine=is_fine)
    else:
        found = equality.check(values, reference="theirs", is_fine=is_fine)
        assert found == pytest.approx(value / 2 - 1)


def test_a_loss_that_is_no_number_is_refused():
    values = {"ours": float("nan"), "theirs": 2.0}
    with pytest.raises(UserError, match="ours differs"):
        equality.check(values, reference="theirs", is_fine=False)


def test_drawing_an_epoch_does_not_cost_more_for_each_example_of_more():
    (few,), (many,) = (
        growth.in_data_set(number, (16, 16), batch_size=10, rounds=3)
        for number in (100, 10_000)
    )
    assert many["minimum"] / 10_000 < 3 * few["minimum"] / 100


def step(task, who, precision, how, seconds, batch_size):
    return {
        "task": task,
        "batch_size": batch_size,
        "who": who,
        "precision": precision,
        "how": how,
        "minimum": seconds,
    }


def machine(name, platform, device):
    return {"machine": {"name": name, "platform": platform, "device": device}}


def test_targets_are_met_or_missed_or_not_yet_measured():
    ours, peer = steps.OURS, steps.PEER
    result = machine("mine", "cpu", "some CPU") | {
        "steps": [
            step("predict", ours, "float32", "", 1.0, 4),
            step("predict", peer, "float32", "eager", 0.9, 4),
            step("generator", ours, "float32", "", 1.0, 4),
            step("generator", peer, "float32", "eager", 0.96, 4),
        ],
        "growth": [
            {"grows": "pixels", "value": v, "what": "predict", "minimum": v**1.5}
            for v in (1, 2, 4)
        ],
    }
    rows = {(where, what): rest for where, what, *rest in targets.rows([result])}
    against = "batch 4, float32, against PyTorch eager"
    assert rows["mine", f"predict, {against}"] == ["at least 0.95x", "0.90x", "no"]
    assert rows["mine", f"generator, {against}"] == ["at least 0.95x", "0.96x", "yes"]
    assert rows["CPU", f"bootstrap, {against}"][1:] == [targets.NOT_YET, ""]
    (growing,) = (rest for (_, what), rest in rows.items() if "exponent" in what)
    assert growing[1:] == ["1.50", "no"]
    on_gpu = [rest for (where, _), rest in rows.items() if where == "H200"]
    assert len(on_gpu) == 5
    assert all(measured == targets.NOT_YET for _, measured, _ in on_gpu)


def test_targets_of_a_gpu_are_averages_of_both_steps():
    result = machine("nvidia-h200", "gpu", "NVIDIA H200") | {
        "steps": [
            step(task, who, "bfloat16", how, seconds, 64)
            for who, how, times in (
                (steps.OURS, "", (0.01, 0.03)),
                (steps.PEER, "compiled", (0.02, 0.04)),
            )
            for task, seconds in zip(("discriminator", "generator"), times, strict=True)
        ],
        "flops_per_image": {"discriminator": 1e9, "generator": 3e9},
        "limits": {"bfloat16": 1e13},
        "whole_run": [{"seconds": 330.0}],
    }
    found = [row[3:] for row in targets.rows([result]) if row[0] == "nvidia-h200"]
    assert found == [
        ("1.50x", "yes"),
        ("3200", "yes"),
        ("64%", "yes"),
        ("5.5 minutes", "yes"),
    ]


def test_parts_of_different_code_are_not_mixed():
    earlier = machine("mine", "cpu", "some CPU") | {
        "commit": "abc",
        "steps": ["old"],
        "growth": ["old"],
        "seconds": 60.0,
        "left_out": ["input"],
    }
    now = {**earlier, "steps": ["new"], "growth": [], "left_out": []}
    assert render.merged(earlier, now) == {
        **now,
        "growth": ["old"],
        "seconds": 120.0,
    }
    assert render.merged(earlier, now | {"commit": "def"})["growth"] == []


def test_pytorch_learns_as_we_do(network):
    batch = contestants.random_batch(network, 2)
    losses = []
    for contestant in (
        contestants.ours(network, "bootstrap", batch, "float32"),
        contestants.theirs(network, "bootstrap", batch, "float32"),
    ):
        before = contestant.first()
        contestant.run(5)
        losses.append((before, contestant.first()))
    assert losses[0][0] - losses[0][1] > 1e-3
    np.testing.assert_allclose(*losses, rtol=2e-3)


def test_a_peer_that_cannot_be_there_is_one_clear_line(network, monkeypatch):
    del network  # PyTorch is installed
    contestants.check_peer()
    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")
    with pytest.raises(UserError, match="JAX computes on tpu and PyTorch cannot"):
        contestants.check_peer()


def test_a_page_keeps_what_people_wrote(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{render.BEGIN}\nold\n{render.END}\nafter\n")
    render.write_page(page, [])
    text = page.read_text()
    assert text.startswith(f"before\n{render.BEGIN}\n\n## Targets\n")
    assert text.endswith(f"{render.END}\nafter\n") and "old" not in text


def test_the_page_shows_the_results_that_are_kept():
    page = (ROOT / "docs" / "performance.md").read_text()
    shown = page.partition(f"{render.BEGIN}\n")[2].partition(render.END)[0]
    assert shown == render.markdown(render.load(ROOT / "benchmarks" / "results"))


@pytest.mark.slow
def test_a_whole_run_is_timed_to_its_end(tmp_path):
    (record,) = tails.whole_run(
        str(tmp_path),
        "--config.batch_size=8",
        "--config.data.image_size=(32,48)",
        "--config.model.width_multiplier=0.0625",
        "--config.phases.bootstrap_epochs=1",
        "--config.phases.num_epochs=2",
        dataset="popout/tiny",
    )
    assert record["seconds"] > 1
    assert record["scores"].startswith("nss ")


@pytest.mark.slow
def test_the_second_start_finds_its_programs(tmp_path):
    records.open_split("popout/tiny", "train", str(tmp_path))
    compiled, kept = tails.first_step(str(tmp_path))
    assert kept["seconds"] < compiled["seconds"]


@pytest.mark.slow
@pytest.mark.parametrize("quick", [True, False])
def test_the_benchmark_runs(tmp_path, quick):
    page = tmp_path / "page.md"
    page.write_text(f"{render.BEGIN}{render.END}")
    options = (
        ["--quick"] if quick else ["--only=steps", "--only=growth", "--minutes=0.3"]
    )
    process = subprocess.run(
        [
            *(sys.executable, "launch/benchmark.py", *options),
            *(f"--output={tmp_path}", f"--page={page}"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    assert "| predict | 1 | salgan_jax | float32 |" in process.stdout or not quick
    kept = list(tmp_path.glob("*.json"))
    assert len(kept) == (0 if quick else 1)
    if not quick:
        result = json.loads(kept[0].read_text())
        assert result["steps"] and result["left_out"]
        assert result["machine"]["name"] in page.read_text()
