"""Preparing in tests: what succeeds is opened, what fails leaves nothing that loads."""

import re
from typing import Any

import pytest

from salgan_jax.data import preparation, records
from salgan_jax.errors import UserError


def check_refused(dataset, source, data_dir, message, **options):
    """The message, a pattern, must name what is wrong."""
    with pytest.raises(UserError) as caught:
        preparation.prepare(dataset, str(source), str(data_dir), **options)
    assert re.search(message, str(caught.value)), caught.value
    assert len(str(caught.value).splitlines()) == 1
    assert not [path for path in data_dir.rglob("*") if path.is_file()]
    with pytest.raises(FileNotFoundError, match=rf"--dataset={dataset}"):
        records.open_split(dataset, "", str(data_dir))


def prepare_and_open(dataset, source, data_dir, **options) -> Any:
    """The records of a dataset of one split, once they are prepared."""
    preparation.prepare(dataset, str(source), str(data_dir), **options)
    return opened(dataset, data_dir)


def opened(dataset, data_dir, split="") -> Any:
    """The records of a prepared dataset, of which a test knows what is not None."""
    return records.open_split(dataset, split, str(data_dir))
