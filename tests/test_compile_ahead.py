"""Compiling for TPUs that are not here; with their compiler where it is installed."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import miniature
import pytest
from jax.experimental.compilation_cache import compilation_cache

from salgan_jax import experiment
from salgan_jax.compile_ahead import chips, largest, programs, story
from salgan_jax.compile_ahead.programs import Cost, DoesNotFit
from salgan_jax.errors import UserError
from salgan_jax.schedule import Update

ROOT = Path(__file__).resolve().parents[1]
HAS_LIBTPU = importlib.util.find_spec("libtpu") is not None
needs_libtpu = pytest.mark.skipif(
    not HAS_LIBTPU, reason="no compiler for TPUs: pip install -r requirements-tpu.txt"
)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """What chips.devices changes is changed back."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    yield
    if not jax.config.values["jax_enable_compilation_cache"]:
        jax.config.update("jax_enable_compilation_cache", True)
        compilation_cache.reset_cache()


def small(**fields):
    config = miniature.config()
    config.batch_size = 8
    config.update(fields)
    return config


# ---- topologies ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "num_chips", "accelerator_type"),
    [
        ("v4:2x2x1", 4, "v4-8"),
        ("v4:2x2x4", 16, "v4-32"),
        ("v5e:1x1", 1, "v5litepod-1"),
        ("v5e:2x4", 8, "v5litepod-8"),
        ("v5p:4x4x4", 64, "v5p-128"),
        ("v6e:16x16", 256, "v6e-256"),
    ],
)
def test_a_topology_is_what_cloud_tpu_calls_it(name, num_chips, accelerator_type):
    topology = chips.parse(name)
    assert (topology.num_chips, topology.accelerator_type) == (
        num_chips,
        accelerator_type,
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        "v5e",
        "v5e:",
        "v5e:8",
        "v5e:0x2",
        "v5e:2x",
        "v5e:2x4 ",
        "v5litepod-8",
        "v9:2x2",
    ],
)
def test_what_is_no_topology_is_refused_with_examples(name):
    with pytest.raises(UserError, match=r"v5e:2x4"):
        chips.parse(name)


@pytest.mark.parametrize("name", ["v5e:2x2x2", "v4:2x2"])
def test_a_topology_has_the_dimensions_of_its_chip(name):
    with pytest.raises(UserError, match=r"has . sides"):
        chips.parse(name)


def test_the_command_without_the_compiler_says_what_to_install(tmp_path):
    # Found before site-packages; an empty module that says it is not there.
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'libtpu' else find(name, *a)\n"
    )
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    flags = ("--config=configs/smoke.py", "--topology=v5e:2x4")
    result = subprocess.run(
        [sys.executable, "launch/compile_for.py", *flags],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: libtpu")
    assert result.stderr.endswith("install requirements-tpu.txt\n")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"batch_size": 12}, "--config.batch_size=16"),
        ({"num_devices": 4}, "num_devices is 4"),
        ({"schedule": "sometimes"}, "config.schedule"),
    ],
)
def test_a_config_that_cannot_be_used_is_refused_before_compiling(fields, line):
    with pytest.raises(UserError, match=line):
        story.compile_for(small(**fields), "v5e:2x4", is_searched=True)


# ---- programs, compiled for this machine ---------------------------------------------


def test_the_programs_are_those_of_a_tpu():
    config = small()
    networks = experiment.make_networks(config, platform="tpu")
    assert networks.generator.dtype == jnp.bfloat16
    assert networks.discriminator.dtype is None  # float32, as the config says
    assert {network.forms for network in networks} == {"tpu"}
    here = experiment.make_networks(config)
    assert (here.generator.dtype, here.generator.forms) == (None, "auto")


def test_what_is_lowered_computes_in_bfloat16_over_all_devices(monkeypatch):
    lowered = []
    monkeypatch.setattr(
        programs, "_compiled", lambda program, _: lowered.append(program) or COST
    )
    ahead = programs.Programs(small(), jax.devices()[:4])
    ahead.compile([Update.DISCRIMINATOR], 8, {})
    text = lowered[0].as_text()
    convolutions = [line for line in text.splitlines() if "convolution(" in line]
    in_bfloat16 = [line for line in convolutions if "xbf16>" in line]
    assert len(in_bfloat16) >= 26  # VGG-16 and back; the discriminator is float32
    assert len(convolutions) > len(in_bfloat16)
    assert "tensor<2x32x48x3xui8>" in text or "tensor<1x2x32x48x3xui8>" in text
    assert "all_reduce" in text


def test_costs_are_the_compilers_also_with_cached_features():
    config = miniature.config(cache_frozen_features=True)
    ahead = programs.Programs(config, jax.devices()[:2])
    cost = ahead.compile([Update.DISCRIMINATOR], 4, {})[Update.DISCRIMINATOR]
    assert isinstance(cost, Cost)
    assert 0 < cost.output <= cost.arguments <= cost.total
    assert cost.flops > 1e6


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["bootstrap", "discriminator", "generator"]),
        ({"schedule": "both"}, ["bootstrap", "both"]),
        (
            {"schedule": "both", "phases": {"discriminator_warmup_epochs": 1}},
            ["bootstrap", "discriminator", "both"],
        ),
        ({"phases": {"bootstrap_epochs": 0}}, ["discriminator", "generator"]),
        ({"phases": {"bootstrap_epochs": 120}}, ["bootstrap"]),
    ],
)
def test_compiled_is_what_the_run_does(fields, expected):
    made = programs.made_updates(small(**fields))
    assert [update.value for update in made] == expected


class Lowered:
    """A program that the compiler refuses."""

    def __init__(self, message):
        self._message = message

    def compile(self, compiler_options):
        raise jax.errors.JaxRuntimeError(self._message)


def test_only_a_lack_of_memory_means_that_a_batch_does_not_fit():
    lacking = Lowered("RESOURCE_EXHAUSTED: Ran out of memory.\nmuch more")
    assert programs._compiled(lacking, {}) == DoesNotFit(
        "RESOURCE_EXHAUSTED: Ran out of memory."
    )
    with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL"):
        programs._compiled(Lowered("INTERNAL: a bug"), {})


@pytest.mark.parametrize(
    ("words", "memory"),
    [
        ("the total memory (2.00T) exceeds available HBM (15.75G).", 15.75),
        ("Ran out of memory in memory space hbm. Used 2.0T of 512.0M hbm.", 0.5),
    ],
)
def test_the_compiler_says_how_much_memory_there_is(monkeypatch, words, memory):
    monkeypatch.setattr(programs, "_compiled", lambda *_: DoesNotFit(words))
    assert programs.memory_of_chip(jax.devices()[:2]) == memory


# ---- the largest batch ---------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 8])
@pytest.mark.parametrize("limit", [0, 7, 8, 9, 31, 32, 33, 1000, 4097, 100_000])
def test_the_largest_batch_is_found_to_a_sixteenth_in_few_tries(limit, step):
    tried = []

    def fits(size):
        assert size % step == 0
        assert size not in tried
        tried.append(size)
        return size <= limit

    found = largest.search(fits, first=4 * step, step=step)
    assert found.fits <= limit < found.does_not
    assert found.does_not - found.fits <= max(step, found.fits / 16)
    assert found.fits in (0, *tried)
    assert found.does_not in tried
    assert len(tried) < 25


# ---- the story, with a compiler made up ----------------------------------------------

COST = Cost(
    arguments=2**30,
    output=2**29,
    temporaries=2**31,
    program=2**20,
    total=3 * 2**30,
    flops=197e12 * 0.4,  # a second, at 40 % of the peak
)


@pytest.fixture
def compiler(monkeypatch):
    """Up to how many examples fit for each update; in a hurry up to twice as many."""
    limits = {update: 10**9 for update in Update}

    class Programs:
        def __init__(self, config, devices):
            assert len(devices) == 8

        def compile(self, which, batch_size, options):
            factor = 2 if options == programs.HURRIED else 1
            return {
                u: COST if batch_size <= factor * limits[u] else DoesNotFit("too much")
                for u in which
            }

    monkeypatch.setattr(programs, "Programs", Programs)
    monkeypatch.setattr(programs, "memory_of_chip", lambda devices: 12.0)
    monkeypatch.setattr(chips, "devices", lambda topology: [None] * topology.num_chips)
    return limits


def test_the_largest_batch_fits_when_it_is_compiled_as_in_training(compiler):
    compiler[Update.GENERATOR] = 300
    report = story.compile_for(small(), "v5e:2x4", is_searched=True)
    assert report.limit is not None
    fits, does_not = report.limit
    assert fits % 8 == 0
    assert 270 <= fits <= 300 < does_not


def test_a_config_that_does_not_fit_is_refused_with_the_batch_that_does(compiler):
    compiler[Update.DISCRIMINATOR] = 33
    with pytest.raises(UserError) as refusal:
        story.compile_for(small(batch_size=512), "v5e:2x4", is_searched=False)
    message = str(refusal.value)
    assert "batch_size 512 does not fit v5e:2x4 in the discriminator update" in message
    assert "use --config.batch_size=32" in message
    assert "too much" in message


def test_a_network_that_never_fits_is_refused_without_a_batch(compiler):
    compiler[Update.BOOTSTRAP] = 0
    with pytest.raises(UserError, match="not even one example a chip"):
        story.compile_for(small(), "v5e:2x4", is_searched=False)


def test_the_report_has_the_numbers(compiler, monkeypatch):
    monkeypatch.setattr(story.importlib.metadata, "version", lambda name: "1.2")
    config = small()
    config.phases.bootstrap_epochs = 1
    config.phases.num_epochs = 3
    report = story.compile_for(config, "v5e:2x4", is_searched=True)
    text = story.describe(report, num_examples=9600, utilisation=0.4)
    for update in ("bootstrap", "discriminator", "generator"):
        (line,) = (x for x in text.splitlines() if x.startswith(f"{update} "))
        numbers = ["1.000", "0.500", "2.000", "0.001", "3.000", "25.0%"]
        # GFLOP of eight chips, and a second.
        assert line.split() == [update, *numbers, "630,400", "1000.00"]
    assert "v5litepod-8: 8 chips, each with 12.00 GiB" in text
    assert "bfloat16, discriminator in float32; jax 1.2, libtpu 1.2" in text
    assert "An estimate, not measured: arithmetic at 40% of the 197 TFLOP/s" in text
    assert "3,600 steps over 9,600 examples would take 1.00 h, 8.00 chip-hours" in text


# ---- with the compiler of TPUs -------------------------------------------------------


@needs_libtpu
def test_the_compiler_of_tpus_compiles_every_update_of_a_config():
    report = story.compile_for(small(), "v5e:2x4", is_searched=False)
    assert [update.value for update in report.costs] == [
        "bootstrap",
        "discriminator",
        "generator",
    ]
    for cost in report.costs.values():
        assert 0 < cost.output <= cost.arguments < cost.total < 2**30
        assert cost.flops > 1e6
    assert "v5e:2x4" in story.describe(report, num_examples=100, utilisation=0.4)


@needs_libtpu
@pytest.mark.parametrize(
    ("name", "published"), [("v4:2x2x1", 32), ("v5e:1x1", 16), ("v6e:2x4", 32)]
)
def test_the_compiler_of_tpus_knows_every_chip(name, published):
    devices = chips.devices(chips.parse(name))
    assert 0.9 * published < programs.memory_of_chip(devices) < published
    made = [Update.GENERATOR]
    cost = programs.Programs(small(), devices).compile(made, 8, programs.HURRIED)
    assert isinstance(cost[Update.GENERATOR], Cost)


@needs_libtpu
def test_the_compiler_of_tpus_refuses_what_does_not_fit_and_unknown_slices():
    devices = chips.devices(chips.parse("v4:2x2x4"))
    assert len(devices) == 16
    ahead = programs.Programs(small(), devices)
    found = ahead.compile([Update.DISCRIMINATOR], 2**24, programs.HURRIED)
    assert isinstance(found[Update.DISCRIMINATOR], DoesNotFit)
    with pytest.raises(UserError, match="no topology 'v5e:3x5'"):
        chips.devices(chips.parse("v5e:3x5"))
