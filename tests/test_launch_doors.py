import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """
import ml_collections
from salgan_jax.errors import UserError

def get_config(variant="plain"):
    if variant == "buggy":
        raise ValueError("bug in the config")
    if variant != "plain":
        raise UserError(f"unknown variant {variant!r}; known: plain")
    data = {"image_size": (192, 256)}
    config = ml_collections.ConfigDict({"batch_size": 8, "data": data, "flip": True})
    return config.lock()
"""
DOOR = """
import sys, time
from absl import flags, logging
from ml_collections import config_flags
from salgan_jax import doors
from salgan_jax.errors import UserError

CONFIG = config_flags.DEFINE_config_file("config", lock_config=True)
WORKDIR = flags.DEFINE_string("workdir", None, "where", required=True)

def main(argv):
    assert "jax" not in sys.modules
    config = CONFIG.value
    {body}

doors.run(main, arguments={arguments})
"""
GOOD = ("--config=recipe.py", "--workdir=runs")


@pytest.fixture
def start(tmp_path):
    def start_door(*flags, body="print(config.batch_size)", arguments=(), **options):
        (tmp_path / "recipe.py").write_text(CONFIG)
        (tmp_path / "plain.py").write_text("def get_config(): return 1")
        source = DOOR.replace("{body}", body).replace("{arguments}", repr(arguments))
        (tmp_path / "door.py").write_text(source)
        return subprocess.Popen(
            [sys.executable, "door.py", *flags],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run_door(*flags, **options):
        process = start_door(*flags, **options)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    run_door.start = start_door
    return run_door


def test_flags_and_overrides_arrive(start):
    assert start(*GOOD, "--config.batch_size=3") == (0, "3\n", "")


def test_exit_code_is_what_main_returns(start):
    assert start(*GOOD, body="return 1") == (1, "", "")


def test_positional_arguments_are_counted(start):
    code, output, _ = start(
        *GOOD, "runs/osie", arguments=("DIR",), body="print(argv[1])"
    )
    assert (code, output) == (0, "runs/osie\n")
    code, _, errors = start(*GOOD, arguments=("DIR",))
    assert (code, errors.count("\n")) == (2, 1)
    assert "DIR" in errors


def test_of_the_last_positional_argument_there_may_be_several(start):
    options = {"arguments": ("FILE", "RUN..."), "body": "print(*argv[1:])"}
    assert start(*GOOD, "a", "b", "c", **options) == (0, "a b c\n", "")
    code, _, errors = start(*GOOD, "a", **options)
    assert (code, errors.count("\n")) == (2, 1)
    assert "arguments without a flag: FILE RUN...; given: a" in errors


MISTAKES = {
    ("--config=recipe.py",): "flag --workdir must be given",
    (*GOOD, "--workdirr=x"): "Did you mean: workdir",
    (*GOOD, "configs/osie.py"): "given: configs/osie.py",
    ("--workdir=x", "--config=absent.py"): "no config file 'absent.py'",
    ("--workdir=x", "--config=recipe.py:other"): "unknown variant 'other'; known: pl",
    ("--workdir=x", "--config=plain.py:other"): "plain.py has no variants",
    (*GOOD, "--config.nosuch=1"): "unknown field 'nosuch'; known here: batch_size, da",
    (*GOOD, "--config.batchsize=1"): "did you mean batch_size?",
    (*GOOD, "--config.data.size=1"): "known here: image_size",
    (*GOOD, "--noconfig.flipp"): "did you mean flip?",
    (*GOOD, "--config.batch_size.x=1"): "no fields below 8",
    (*GOOD, "--config.batch_size=many"): "--config.batch_size=many: invalid literal",
    (*GOOD, "--config.batch_size=2.5"): "--config.batch_size=2.5: invalid literal",
    ("--workdir=x", "--config.batch_size=1"): "--config=FILE must be given",
}


@pytest.mark.parametrize("flags", MISTAKES, ids=" ".join)
def test_a_wrong_flag_is_one_line_and_code_2(start, flags):
    code, output, errors = start(*flags)
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert errors.startswith("error: ")
    assert MISTAKES[flags] in errors


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (
            "raise UserError('no data;\\n  run prepare_data')",
            "no data; run prepare_data",
        ),
        ("open('absent/file')", "absent/file: No such file or directory"),
        ("raise FileNotFoundError('no step 7')", "no step 7"),
        ("open('.')", ".: Is a directory"),
        ("import os; os.mkdir('door.py')", "door.py: File exists"),
        ("import os; os.mkdir('door.py/x')", "door.py/x: Not a directory"),
        ("raise OSError(28, 'No space left', 'x')", "x: No space left"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_code_2(start, body, line):
    assert start(*GOOD, body=body) == (2, "", f"error: {line}\n")


@pytest.mark.parametrize(
    ("flags", "body", "line"),
    [
        (GOOD, "raise ValueError('a bug')", "ValueError: a bug"),
        (GOOD, "config.nosuch", "nosuch"),
        (GOOD, "raise OSError('a bug')", "OSError: a bug"),
        (("--workdir=x", "--config=recipe.py:buggy"), "pass", "bug in the config"),
    ],
)
def test_a_bug_keeps_its_traceback(start, flags, body, line):
    code, _, errors = start(*flags, body=body)
    assert code == 1
    assert "Traceback" in errors
    assert line in errors


def test_an_array_too_large_for_the_device_is_one_line(start):
    body = "import jax.numpy; jax.numpy.zeros(1 << 50).block_until_ready()"
    code, output, errors = start(*GOOD, body=body)
    assert (code, output) == (2, "")
    assert errors.splitlines()[-1].startswith(
        "error: the device has too little memory (RESOURCE_EXHAUSTED"
    )
    assert "--config.batch_size" in errors and "Traceback" not in errors


def test_ctrl_c_is_quiet_and_code_130(start):
    # A shell starts what runs in its background, as a CI may do, deaf to Ctrl-C.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    body = listen + "print('go', flush=True); time.sleep(60)"
    process = start.start(*GOOD, body=body)
    assert process.stdout.readline() == "go\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "interrupted\n")


def test_a_reader_that_leaves_early_is_no_error(start):
    process = start.start(*GOOD, body="[print('line' * 99) for _ in range(9999)]")
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) == 141


def test_our_info_lines_are_shown_and_those_of_libraries_are_not(start, tmp_path):
    library = tmp_path / "site-packages" / "chatty.py"
    library.parent.mkdir()
    library.write_text("from absl import logging\ndef say(): logging.info('chatter')")
    body = (
        "sys.path.insert(0, 'site-packages'); import chatty;"
        "chatty.say(); logging.info('ours'); logging.debug('detail')"
    )
    code, output, errors = start(*GOOD, body=body)
    assert (code, output, errors.count("\n")) == (0, "", 1)
    assert errors.endswith("ours\n")
    _, _, errors = start(*GOOD, "--verbosity=1", body=body)
    assert "chatter" in errors
