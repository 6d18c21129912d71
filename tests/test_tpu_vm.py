"""launch/tpu_vm.sh against a cloud of folders: no network, no account, no TPU."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import fake_cloud
import pytest

ROOT = Path(__file__).resolve().parents[1]
BASE = ("--name=my-tpu", "--zone=us-central1-a")
VM = (*BASE, "--type=v5litepod-8")
POD = (*BASE, "--type=v5litepod-16")
RUN = ("--bucket=gs://mine/", "--config=configs/salgan.py:article")
COMMANDS = ("create", "setup", "train", "status", "logs", "delete")


class Cloud:
    """The fake cloud, and launch/tpu_vm.sh in a checkout of its own."""

    def __init__(self, folder, checkout):
        self.folder = folder
        self.environment = fake_cloud.make(folder)
        self.checkout = folder / "checkout"
        shutil.copytree(checkout, self.checkout)

    def __call__(self, *words):
        result = subprocess.run(
            [self.checkout / "launch" / "tpu_vm.sh", *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
        )
        return result.returncode, result.stdout, result.stderr

    def good(self, *words):
        code, output, errors = self(*words)
        assert (code, errors) == (0, ""), f"{words}\n{output}\n{errors}"
        return output

    def calls(self):
        """What gcloud was asked for since the last time."""
        path = self.folder / "calls.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [json.loads(line)[3:] for line in lines]

    def verbs(self):
        return [call[0] for call in self.calls()]

    def workers(self):
        return sorted((self.folder / "machines" / "my-tpu").glob("w-*"))

    def set_state(self, state):
        (self.folder / "machines" / "my-tpu" / "state").write_text(state)

    def fail(self, word):
        (self.folder / "fails").write_text(word)


def git(checkout, *words):
    settings = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "gc.auto=0")
    subprocess.run(["git", *settings, *words], cwd=checkout, check=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("launch", "configs"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "pyproject.toml").write_text("")
    (folder / "requirements-tpu.txt").write_text("jax\n")
    git(folder, "init", "--quiet", "--template=")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=first")
    return folder


@pytest.fixture
def cloud(tmp_path, checkout):
    return Cloud(tmp_path, checkout)


def trained_with(worker):
    return (worker / "train").read_text().rstrip("\0").split("\0")


@pytest.mark.parametrize("size", [VM, POD])
def test_a_run_from_nothing_to_nothing(cloud, size):
    for command in ("create", "setup", "train"):
        cloud.good(command, *size, *RUN)
    workers = cloud.workers()
    assert len(workers) == (1 if size is VM else 2)
    for index, worker in enumerate(workers):
        assert trained_with(worker) == [
            "-u",
            "launch/train.py",
            "--distributed",
            "--config=configs/salgan.py:article",
            "--workdir=gs://mine/runs/my-tpu",
            "--config.data.data_dir=gs://mine/datasets",
        ]
        assert "-r requirements-tpu.txt" in (worker / "pip").read_text()
        line = f"worker {index}: active; step 20 of 40\n"
        assert line in cloud.good("status", *BASE)
    cloud.good("delete", *BASE)
    assert cloud.workers() == []


def test_the_machine_is_made_as_asked(cloud):
    cloud.good("create", *VM, "--spot", "--project=my project")
    assert cloud.calls()[-1] == [
        "create",
        "my-tpu",
        "--accelerator-type=v5litepod-8",
        "--version=v2-alpha-tpuv5-lite",
        "--scopes=https://www.googleapis.com/auth/cloud-platform",
        "--spot",
        "--zone=us-central1-a",
        "--project=my project",
        "--quiet",
    ]


@pytest.mark.parametrize(
    ("flags", "version"),
    [
        (["--type=v4-32"], "tpu-ubuntu2204-base"),
        (["--type=v5p-8"], "v2-alpha-tpuv5"),
        (["--type=v6e-8"], "v2-alpha-tpuv6e"),
        (["--type=v99-8", "--version=my-own"], "my-own"),
    ],
)
def test_software_fits_the_type(cloud, flags, version):
    output = cloud.good("create", *BASE, *flags, "--dry_run")
    assert f"--version={version} " in output
    assert "--spot" not in output


def test_the_run_is_a_unit_that_gets_time_to_save(cloud):
    for command in ("create", "setup", "train"):
        cloud.good(command, *VM, *RUN)
    (worker,) = cloud.workers()
    told = (worker / "systemd_run").read_text().splitlines()
    assert "--property=KillMode=mixed" in told  # SIGTERM to train.py, not its helpers
    assert "--property=TimeoutStopSec=300" in told
    assert any(word.startswith("--uid=") for word in told)
    # Its shell is replaced, else the signal would end with it.
    assert (worker / "salgan_train.sh").read_text().startswith("exec ")


def test_flags_arrive_as_they_were_written(cloud):
    odd = ["--config.name=two words", "--config.x=$HOME `id` %h 'a' \"b\" \\ * ; &", ""]
    for command in ("create", "setup", "train"):
        cloud.good(command, *VM, *RUN, "--", *odd, "--dry_run")
    assert trained_with(cloud.workers()[0])[-4:] == [*odd, "--dry_run"]


def test_every_command_may_be_given_twice(cloud):
    for command in ("create", "setup", "train"):
        cloud.good(command, *POD, *RUN)
    cloud.calls()
    assert "exists in us-central1-a (READY)" in cloud.good("create", *POD)
    assert cloud.verbs() == ["describe"]
    assert "a run is alive" in cloud.good("setup", *POD)
    assert cloud.verbs() == ["describe", "ssh"]
    assert "is alive" in cloud.good("train", *POD, *RUN)
    assert cloud.verbs() == ["describe", "ssh"]
    cloud.good("delete", *POD)
    assert "there is no my-tpu" in cloud.good("delete", *POD)
    assert cloud.verbs() == ["describe", "ssh", "delete", "describe"]


def test_setup_again_brings_the_new_commit_and_keeps_the_environment(cloud):
    cloud.good("create", *VM)
    cloud.good("setup", *VM)
    (worker,) = cloud.workers()
    (cloud.checkout / "configs" / "new.py").write_text("")
    git(cloud.checkout, "rm", "--quiet", "configs/both.py")
    git(cloud.checkout, "add", ".")
    git(cloud.checkout, "commit", "--quiet", "--message=second")
    (cloud.checkout / "configs" / "new.py").write_text("not committed")
    assert "uncommitted changes are not copied" in cloud.good("setup", *VM)
    configs = worker / "salgan_jax" / "configs"
    assert (configs / "new.py").read_text() == ""
    assert not (configs / "both.py").exists()
    assert len((worker / "pip").read_text().splitlines()) == 1
    assert not (worker / "salgan_jax.new").exists()


def test_setup_that_failed_can_be_given_again(cloud):
    cloud.good("create", *VM)
    (worker,) = cloud.workers()
    (worker / "no_network").touch()
    code, _, errors = cloud("setup", *VM)
    assert (code, errors.count("\n")) == (1, 1)
    assert "No matching distribution" in errors
    (worker / "no_network").unlink()
    cloud.good("setup", *VM)
    cloud.good("train", *VM, *RUN)


def test_weights_lie_where_the_run_looks(cloud):
    (cloud.folder / "my weights.pth").write_text("weights")
    weights = "--weights=my weights.pth"  # from where the command was given
    for command in ("create", "setup", "train"):
        cloud.good(command, *VM, *RUN, weights)
    (worker,) = cloud.workers()
    flag = trained_with(worker)[-1]
    assert flag == "--config.init_from=../my weights.pth"
    assert (worker / "salgan_jax" / flag.partition("=")[2]).read_text() == "weights"


def test_a_preempted_machine_is_made_anew_and_goes_on(cloud, state="PREEMPTED"):
    for command in ("create", "setup", "train"):
        cloud.good(command, *VM, *RUN, "--spot")
    before = trained_with(cloud.workers()[0])
    cloud.set_state(state)
    for command in ("setup", "train", "logs"):
        code, _, errors = cloud(command, *VM, *RUN)
        assert (code, errors.count("\n")) == (1, 1)
        assert f"my-tpu is {state}: run create, setup and train again" in errors
    assert f"my-tpu in us-central1-a: {state}" in cloud.good("status", *VM)
    cloud.calls()
    for command in ("create", "setup", "train"):
        cloud.good(command, *VM, *RUN, "--spot")
    assert cloud.verbs()[:3] == ["describe", "delete", "create"]
    assert trained_with(cloud.workers()[0]) == before


def test_what_is_not_there_or_not_ready_is_one_line(cloud):
    for command in ("setup", "train", "logs"):
        code, _, errors = cloud(command, *VM, *RUN)
        assert (code, errors) == (
            1,
            "error: there is no my-tpu in us-central1-a: run create first\n",
        )
    assert "ABSENT" in cloud.good("status", *VM)
    cloud.good("create", *VM)
    code, _, errors = cloud("train", *VM, *RUN)
    assert (code, errors.count("\n")) == (1, 1)
    cloud.set_state("CREATING")
    assert "CREATING" in cloud.good("create", *VM)
    code, _, errors = cloud("setup", *VM)
    assert (code, "try again in a minute" in errors) == (1, True)


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("create", "describe"),
        ("create", "create"),
        ("setup", "scp"),
        ("setup", "ssh"),
        ("train", "ssh"),
        ("train", "describe"),
        ("status", "describe"),
        ("logs", "ssh"),
        ("delete", "delete"),
        ("delete", "describe"),
    ],
)
def test_a_failing_gcloud_is_one_line(cloud, command, word):
    if command != "create":
        cloud.good("create", *VM)
    cloud.fail(word)
    code, _, errors = cloud(command, *VM, *RUN)
    assert code == 1
    assert errors == f"error: gcloud {word} my-tpu: (gcloud) no {word} today\n"


def test_a_run_that_starts_on_a_part_of_the_workers_is_ended(cloud):
    cloud.good("create", *POD)
    cloud.good("setup", *POD)
    first, other = cloud.workers()
    (other / "no_systemd").touch()
    code, _, errors = cloud("train", *POD, *RUN)
    assert code == 1
    assert errors.endswith("worker 1: systemd could not start the run\n")
    assert (first / "told").read_text() == "stop\n"
    assert "worker 0: inactive" in cloud.good("status", *POD)
    (other / "no_systemd").unlink()
    cloud.good("train", *POD, *RUN)


def test_a_run_that_lives_on_a_part_of_the_workers_is_not_started(cloud):
    for command in ("create", "setup", "train"):
        cloud.good(command, *POD, *RUN)
    worker = cloud.workers()[1]
    (worker / "unit").write_text("failed")
    (worker / "train").unlink()
    code, _, errors = cloud("train", *POD, *RUN)
    assert (code, errors.count("\n")) == (1, 1)
    assert "on some workers" in errors
    assert not (worker / "train").exists()
    for each in cloud.workers():
        (each / "unit").write_text("failed")
    cloud.good("train", *POD, *RUN)


def test_logs_are_of_the_worker_and_as_many_as_asked(cloud):
    for command in ("create", "setup", "train"):
        cloud.good(command, *POD, *RUN)
    for index, worker in enumerate(cloud.workers()):
        lines = "".join(f"worker {index} line {i}\n" for i in range(100))
        (worker / "salgan_train.log").write_text(lines)
    assert cloud.good("logs", *POD).splitlines()[::49] == [
        "worker 0 line 50",
        "worker 0 line 99",
    ]
    assert cloud.good("logs", *POD, "--worker=1", "--lines=1") == "worker 1 line 99\n"
    assert "logs\\ 50\\ true" in cloud.good("logs", *POD, "--follow", "--dry_run")


def test_delete_lets_the_run_save_and_deletes_also_what_does_not_answer(cloud):
    for command in ("create", "setup", "train"):
        cloud.good(command, *VM, *RUN)
    cloud.fail("ssh")
    code, output, _ = cloud("delete", *VM)
    assert (code, "could not be ended" in output) == (0, True)
    assert cloud.workers() == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dry_run_shows_each_command_and_runs_none(cloud, command):
    (cloud.folder / "tools" / "gcloud").write_text("#!/bin/sh\nexit 1\n")
    output = cloud.good(command, *VM, *RUN, "--dry_run", "--", "--config.name=a b")
    lines = output.splitlines()
    assert lines
    for line in lines:
        assert line.startswith(("gcloud compute tpus tpu-vm ", "git archive "))
    assert f"gcloud compute tpus tpu-vm {command}" in output or command not in (
        "create",
        "delete",
    )
    # A shell reads the line as the words that would be run.
    program = 'printf "%s\\n" "$@"'
    shown = "\n".join(line.replace("gcloud", "show", 1) for line in lines)
    script = f"show() {{ {program}; }}\ngit() {{ :; }}\n{shown}"
    words = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert words.returncode == 0
    if command == "train":
        assert "--config.name=a\\ b\n" in words.stdout


MISTAKES = {
    (): "a command must be given",
    ("destroy", *BASE): "unknown command destroy",
    ("create", "setup", *BASE): "one command at a time",
    ("create", "--zone=z", "--type=v4-8"): "--name must be given",
    ("create", "--name=a", "--type=v4-8"): "--zone must be given",
    ("create", *BASE): "create needs --type",
    ("create", *BASE, "--type=v5e-8"): "Cloud TPU calls it v5litepod-8",
    ("create", *BASE, "--type=h100"): "give its --version too",
    ("create", "--name=My_TPU", "--zone=z"): "use small letters",
    ("create", "--name=a;b", "--zone=z"): "use small letters",
    ("create", *VM, "--preemptible"): "unknown flag --preemptible",
    ("create", "--name", "a"): "unknown flag --name",
    ("create", "--name=", "--zone=z"): "--name needs a value",
    ("train", *BASE, "--config=configs/salgan.py"): "train needs --bucket",
    ("train", *BASE, "--bucket=mine", RUN[1]): "--bucket=mine: use gs://BUCKET",
    ("train", *BASE, RUN[0]): "train needs --config",
    ("train", *BASE, RUN[0], "--config=configs/no.py"): "no config file configs/no.py",
    ("setup", *BASE, "--weights=absent.pth"): "absent.pth",
    ("logs", *BASE, "--worker=all"): "--worker=all is no number",
}


def test_a_mistake_is_one_line_and_code_2(cloud):
    for words, line in MISTAKES.items():
        code, output, errors = cloud(*words)
        assert (code, output, errors.count("\n")) == (2, "", 1), words
        assert errors.startswith("error: ")
        assert line in errors
    assert cloud.calls() == []


def test_without_gcloud_it_says_where_to_get_it(cloud):
    shutil.rmtree(cloud.folder / "tools")
    (cloud.folder / "tools").mkdir()
    for name in ("bash", "cut", "dirname", "env"):
        (cloud.folder / "tools" / name).symlink_to(shutil.which(name))
    cloud.environment["PATH"] = str(cloud.folder / "tools")
    code, _, errors = cloud("status", *BASE)
    assert (code, "gcloud is not installed" in errors) == (2, True)


def test_help_names_every_flag_and_command(cloud):
    output = cloud.good("--help")
    text = (ROOT / "launch" / "tpu_vm.sh").read_text()
    parser = text[text.index("parse_flags()") : text.index("check_flags()")]
    flags = {word.strip("*=|)\\ ") for word in parser.split() if word.startswith("--")}
    assert len(flags - {""}) > 10
    for word in (*COMMANDS, *flags):
        assert word in output
    assert cloud.good("create", "--help") == output


def test_scripts_are_clean_to_shellcheck():
    shellcheck = Path(sys.executable).with_name("shellcheck")
    if not shellcheck.exists():
        pytest.skip("no shellcheck: pip install -r requirements-dev.txt")
    scripts = sorted((ROOT / "launch").glob("*.sh"))
    assert len(scripts) == 5
    result = subprocess.run(
        [shellcheck, *scripts], cwd=ROOT, capture_output=True, text=True
    )
    assert (result.returncode, result.stdout) == (0, "")
