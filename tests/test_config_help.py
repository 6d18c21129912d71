"""Every field is documented where its value stands, and --help_config prints that."""

import subprocess
import sys

import pytest
from test_config import CONFIGS, VARIANTS, load

from salgan_jax import config as config_module
from salgan_jax import config_help, doors, fields
from salgan_jax.errors import UserError

WITHOUT_UNIT = {"seed", "data.fold"}


def test_every_field_and_every_section_has_a_comment():
    said = config_help.words()
    default = config_module.default()
    sections = {
        name for name, value in default.to_dict().items() if hasattr(value, "keys")
    }
    assert said.keys() == fields.flat(default.to_dict()).keys() | sections
    assert [name for name, words in said.items() if len(words.comment) < 8] == []


def test_every_number_has_a_unit_and_every_unit_a_number():
    values = fields.flat(config_module.default().to_dict())
    said = config_help.words()
    numbers = {name for name, x in values.items() if type(x) in (int, float, tuple)}
    roots = {name for name in numbers if said[name].source == "Lasagne"}
    with_unit = {name for name, words in said.items() if words.unit}
    assert with_unit == numbers - WITHOUT_UNIT - roots


def test_comment_unit_and_source_are_told_apart():
    said = config_help.words()
    assert said["phases.num_epochs"] == (
        "In all, an epoch of steps each.",
        "epochs",
        "Sec. 4.2, Fig. 3",
    )
    assert said["batch_size"].comment == "of a step, over all devices"
    assert said["schedule"].comment.startswith("Adversarial steps are D's and G's in")
    assert said["generator_optimizer.weight_decay"].source == "Sec. 4.2"


def test_a_field_without_a_comment_is_noticed(monkeypatch):
    source = "def default():\n    config.a = 1  # fine\n    config.b = 2\n"
    monkeypatch.setattr(config_help.inspect, "getsource", lambda module: source)
    assert [words.comment for words in config_help.words().values()] == ["fine", ""]


def paragraph(text, field):
    (found,) = [
        each for each in text.split("\n\n") if each[2:].startswith(f"config.{field}=")
    ]
    return found


@pytest.mark.parametrize("name", VARIANTS)
def test_help_shows_every_field_with_the_value_of_the_config(name):
    config = load(name)
    text = config_help.describe(config, name)
    default = fields.flat(config_module.default().to_dict())
    for field, value in fields.flat(config.to_dict()).items():
        first = paragraph(text, field).splitlines()[0]
        assert first.startswith("* " if value != default[field] else "  ")
        assert f"={value!r}" in first
    assert max(map(len, text.splitlines()[3:])) <= 88


def test_help_shows_default_unit_choices_minimum_and_source():
    config = config_module.default()
    config.batch_size = 4
    text = config_help.describe(config, "mine.py")
    assert paragraph(text, "batch_size").splitlines() == [
        "* config.batch_size=4   (default 32)",
        "      of a step, over all devices",
        "      unit: examples; 1 or more; source: Sec. 4.2",
    ]
    assert "one of 1, 2, 4, 8; source: Sec. 4.1" in paragraph(
        text, "losses.content_downsample"
    )
    assert text.startswith("mine.py: ")


def test_help_is_printed_without_a_workdir_and_without_jax(tmp_path):
    program = (
        "import runpy, sys\n"
        "try:\n"
        "    runpy.run_path('launch/train.py', run_name='__main__')\n"
        "finally:\n"
        "    assert 'jax' not in sys.modules\n"
    )
    result = subprocess.run(
        [
            *(sys.executable, "-c", program, "--config=configs/osie.py:vgg16"),
            *("--help_config", "--config.batch_size=4", "--config.losses.alpha=0.05"),
        ],
        cwd=CONFIGS.parent,
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("configs/osie.py:vgg16: every field")
    assert "* config.batch_size=4   (default 32)" in result.stdout
    assert "* config.losses.alpha=0.05   (default 0.005)" in result.stdout


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("loss.alpha", "losses.alpha"),
        ("alpha", "losses.alpha"),
        ("losses.alfa", "losses.alpha"),
        ("batchsize", "batch_size"),
        ("optimizer.learning_rate", "generator_optimizer.learning_rate"),
        ("bootstrap.learning_rate", "bootstrap_optimizer.learning_rate"),
        ("frozen_block", "model.frozen_blocks"),
        ("colour", None),
    ],
)
def test_the_field_that_was_meant_is_found(given, meant):
    assert (
        fields.nearest(given, fields.flat(config_module.default().to_dict())) == meant
    )


@pytest.mark.parametrize(
    ("field", "value", "meant"),
    [
        ("schedule", "bot", "both"),
        ("data.geometry", "strech", "stretch"),
        ("checkpoint.best_metric", "auc_jud", "auc_judd"),
        ("generator_optimizer.rule", "adagrat", "adagrad"),
    ],
)
def test_the_choice_that_was_meant_is_named(field, value, meant):
    config = config_module.default()
    config.update_from_flattened_dict({field: value})
    with pytest.raises(UserError, match=f"did you mean {meant}\\?$"):
        config_module.validate(config)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("osie.py:vgg", "osie.py:vgg: use .*; did you mean vgg16"),
        ("osie.py:smal", "did you mean small"),
        ("salgan.py:papers", "did you mean paper"),
    ],
)
def test_the_variant_that_was_meant_is_named(name, message):
    with pytest.raises(ValueError, match=message):
        load(name)


@pytest.mark.parametrize(
    ("like", "text", "value"),
    [
        (0, "7", 7),
        (0.5, "1e-3", 0.001),
        (0.5, "1", 1.0),
        (True, "False", False),
        ("a", "salicon/2017:3,osie", "salicon/2017:3,osie"),
        ((1, 2), "(32, 48)", (32, 48)),
    ],
)
def test_a_value_is_read_as_its_field_is(like, text, value):
    read = fields.parse("x", text, like)
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    ("like", "text", "message"),
    [
        (0, "1.5", "config.x is '1.5': it must be a whole number, like 0"),
        (0.5, "half", "must be a number, like 0.5"),
        (True, "flase", "must be true or false, like True; did you mean false"),
        ((1, 2), "3", "must be several values in brackets"),
        ((1, 2), "(3", "must be several values in brackets"),
    ],
)
def test_a_value_of_another_kind_is_refused(like, text, message):
    with pytest.raises(UserError, match=message):
        fields.parse("x", text, like)


def test_a_wrong_choice_of_a_flag_names_the_one_that_was_meant():
    message = "flag --parallel=device: value should be one of <none|devices>"
    assert doors._explain_flag_error(message) == f"{message}; did you mean devices?"
