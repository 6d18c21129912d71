"""Every config is complete, and every senseless one is refused with a reason."""

import pathlib

import pytest
from ml_collections.config_flags import config_flags

from salgan_jax import compatibility
from salgan_jax import config as config_module
from salgan_jax.errors import UserError
from salgan_jax.schedule import Update, make_schedule

CONFIGS = pathlib.Path(__file__).parents[1] / "configs"
VARIANTS = [
    "salgan.py",
    "salgan.py:article",
    "content_only.py",
    "both.py",
    "released_code.py",
    "osie.py",
    "mixture.py",
    "osie.py:small",
    "osie.py:vgg16",
    "living.py",
    "living.py:salicon",
    "modern.py",
    "quickstart.py",
    "smoke.py",
]


def load(name):
    parser = config_flags._ConfigFileParser("config")
    return parser.parse(str(CONFIGS / name))


@pytest.mark.parametrize("name", VARIANTS)
def test_config_is_valid_and_has_the_fields_of_the_default(name):
    config = load(name)
    config_module.validate(config)
    assert config.is_locked
    fields = config_module.default().to_dict()
    assert config.to_dict().keys() == fields.keys()
    for section, values in fields.items():
        if isinstance(values, dict):
            assert config[section].to_dict().keys() == values.keys()


def test_every_config_is_tested():
    files = {path.name for path in CONFIGS.glob("*.py")}
    assert files == {name.partition(":")[0] for name in VARIANTS}


def test_both_makes_as_many_updates_of_each_player_as_the_paper():
    steps = {}
    for name in ("salgan.py", "both.py"):
        config = load(name)
        plan = make_schedule(
            num_examples=320,
            batch_size=config.batch_size,
            bootstrap_epochs=config.phases.bootstrap_epochs,
            num_epochs=config.phases.num_epochs,
            schedule=config.schedule,
        )
        updates = [plan.update_at(step) for step in range(plan.num_steps)]
        moves = {Update.GENERATOR, Update.DISCRIMINATOR, Update.BOTH}
        per_move = 2 if config.schedule == "both" else 1
        steps[name] = per_move * sum(update in moves for update in updates)
    assert steps["both.py"] == pytest.approx(steps["salgan.py"], rel=0.01)


def test_article_is_the_paper_with_batches_of_8_and_the_sum_over_pixels():
    paper, article = load("salgan.py"), load("salgan.py:article")
    assert (paper.batch_size, article.batch_size) == (32, 8)
    assert article.losses.alpha == paper.losses.alpha == 5e-3
    reductions = [each.losses.content_reduction for each in (paper, article)]
    assert reductions == ["mean", "sum"]


def test_released_code_does_what_the_authors_code_does():
    config = load("released_code.py")
    assert config.losses.alpha == 0.05
    assert config.model.discriminator == "released_code"
    assert config.model.input_convention == "caffe"
    assert config.bootstrap_optimizer.rule == "nesterov"
    assert config.bootstrap_optimizer.learning_rate == 1e-3
    assert config.bootstrap_optimizer.momentum == 0.5
    assert not config.phases.carry_optimizer_state
    for section in ("bootstrap", "generator", "discriminator"):
        assert config[f"{section}_optimizer"].weight_decay == 0


def test_content_only_never_plays():
    config = load("content_only.py")
    assert config.phases.bootstrap_epochs == config.phases.num_epochs == 120


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("data.image_size", (190, 256), r"\(190, 256\): height and width must be mul"),
        ("data.image_size", (192,), "height and width"),
        ("model.discriminator", "papers", "'papers': use one of 'article', 'paper'"),
        ("model.frozen_blocks", 6, "frozen_blocks is 6"),
        ("model.width_multiplier", 0.0, "above 0"),
        ("losses.content_downsample", 3, "is 3: use one of 1, 2, 4, 8"),
        ("losses.alpha", float("nan"), "alpha is nan"),
        ("generator_optimizer.learning_rate", -1.0, "learning_rate is -1.0"),
        ("phases.bootstrap_epochs", 121, r"\(121\) is larger than .* \(120\)"),
        ("bootstrap_optimizer.rule", "nesterov", "carry_optimizer_state=False"),
        ("checkpoint.best_metric", "sauc", "'sauc': use one of 'nss'"),
        ("batch_size", 0, "batch_size is 0"),
        ("on_nan", "ignore", "on_nan is 'ignore': use one of 'stop', 'skip'"),
    ],
)
def test_senseless_value_is_named(field, value, message):
    config = config_module.default()
    section, _, name = field.rpartition(".")
    node = config[section] if section else config
    with node.ignore_type():
        node[name] = value
    with pytest.raises(UserError, match=message):
        config_module.validate(config)


def test_a_run_is_not_resumed_with_another_recipe():
    saved, current = config_module.default(), config_module.default()
    current.losses.alpha = 0.05
    current.batch_size = 8
    with pytest.raises(
        UserError, match=r"batch_size was 32, now 8; losses.alpha was 0.005, now 0.05"
    ):
        compatibility.check_resumable(saved, current, epochs_done=0)


def test_a_run_may_be_extended_and_logged_differently():
    saved, current = config_module.default(), config_module.default()
    current.phases.num_epochs = 200
    current.logging.every_steps = 1
    current.on_nan = "skip"
    current.data.data_dir = "elsewhere"
    compatibility.check_resumable(saved, current, epochs_done=50)


@pytest.mark.parametrize("field", ["num_epochs", "bootstrap_epochs"])
def test_a_run_whose_learning_rate_ends_at_0_keeps_its_length(field):
    saved, current = config_module.default(), config_module.default()
    for config in (saved, current):
        config.generator_optimizer.schedule = "warmup_cosine"
    current.phases[field] += 10
    with pytest.raises(UserError, match=f"keep --config.phases.{field}=1"):
        compatibility.check_resumable(saved, current, epochs_done=1)


def test_bootstrap_may_change_length_only_before_it_ends():
    saved, current = config_module.default(), config_module.default()
    current.phases.bootstrap_epochs = 20
    compatibility.check_resumable(saved, current, epochs_done=15)
    with pytest.raises(UserError, match="bootstrap_epochs was 15, now 20"):
        compatibility.check_resumable(saved, current, epochs_done=15.1)


def test_a_config_that_came_back_from_a_checkpoint_is_the_same():
    import json

    from ml_collections import ConfigDict

    saved = ConfigDict(json.loads(json.dumps(config_module.default().to_dict())))
    compatibility.check_resumable(saved, config_module.default(), epochs_done=99)


def test_a_config_of_an_older_checkpoint_gets_the_fields_that_came_later():
    config = config_module.default()
    config.batch_size = 7
    config.data.image_size = (32, 48)
    saved = config.to_dict()
    saved["data"]["image_size"] = [32, 48]  # as JSON gives it back
    del saved["data"]["geometry"], saved["data"]["cache"], saved["on_nan"]
    completed = compatibility.complete(saved)
    assert completed.is_locked
    assert completed.to_dict() == config.to_dict()


def test_one_weight_of_three_scores_becomes_three_weights():
    saved = config_module.default().to_dict()
    for name in ("bce", "kld", "cc", "nss"):
        del saved["losses"][name]
    saved["losses"]["kl_cc_nss"] = 0.1
    losses = compatibility.complete(saved).losses
    assert (losses.bce, losses.kld, losses.cc, losses.nss) == (1.0, 0.1, 0.1, 0.1)
    assert "kl_cc_nss" not in losses


@pytest.mark.parametrize(("num_folds", "fold"), [(1, 0), (3, 3), (0, 1)])
def test_a_fold_that_there_is_not_is_refused(num_folds, fold):
    config = config_module.default()
    config.data.num_folds, config.data.fold = num_folds, fold
    with pytest.raises(UserError, match="use 2 folds or more"):
        config_module.validate(config)
