"""Compiled programs are kept where the next run finds them."""

import importlib.util

import jax
import pytest

from salgan_jax import compilation


@pytest.fixture
def chosen(monkeypatch):
    """The settings that are made, without making them."""
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    settings = {}
    monkeypatch.setattr(jax.config, "update", settings.__setitem__)
    return settings


def test_programs_lie_beside_the_workdir(chosen, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for workdir in (str(tmp_path / "runs" / "a"), "runs/b"):
        compilation.keep_programs("", workdir=workdir)
        kept = chosen.pop("jax_compilation_cache_dir")
        assert kept == str(tmp_path / "runs" / "compiled_programs")


def test_programs_lie_where_the_user_says(chosen):
    compilation.keep_programs("/elsewhere", workdir="/runs/a")
    assert chosen == {"jax_compilation_cache_dir": "/elsewhere"}


def test_programs_are_not_kept_against_the_users_will(chosen, monkeypatch):
    compilation.keep_programs("none", workdir="/runs/a")
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "/of/jax")
    compilation.keep_programs("", workdir="/runs/a")
    assert chosen == {}


def test_programs_of_a_run_in_a_bucket_lie_there(chosen, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    compilation.keep_programs("", workdir="gs://bucket/runs/a")
    assert chosen == {"jax_compilation_cache_dir": "gs://bucket/runs/compiled_programs"}
