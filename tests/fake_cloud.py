"""A cloud in a folder: `gcloud`, and machines that are folders with a fake systemd.

Calls are appended to calls.jsonl. Where a word in the file `fails` occurs in a call,
gcloud fails. ssh runs the command in the folder of each worker, as its home.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

_SYSTEMCTL = """#!/usr/bin/env bash
case $1 in
  is-active) state=$(cat "$HOME/unit" 2>/dev/null || echo inactive); echo "$state"
    [[ $state == active ]] ;;
  stop)
    [[ -e $HOME/unit ]] || exit 5
    echo inactive >"$HOME/unit"
    echo stop >>"$HOME/told"
    ;;
  reset-failed) [[ $(cat "$HOME/unit" 2>/dev/null) == failed ]] && rm "$HOME/unit" ;;
esac
"""
# Runs at once what systemd would run in the background.
_SYSTEMD_RUN = """#!/usr/bin/env bash
[[ ! -e $HOME/unit || $(cat "$HOME/unit") == inactive ]] || exit 1
[[ ! -e $HOME/no_systemd ]] || exit 1
printf '%s\\n' "$@" >"$HOME/systemd_run"
while [[ $1 == --* ]]; do
  case $1 in
    --working-directory=*) cd "${1#*=}" ;;
    --property=StandardOutput=append:*) exec >>"${1#*append:}" ;;
  esac
  shift
done
"$@" || exit
echo active >"$HOME/unit"
"""
# Makes environments and says how it was called.
_PYTHON = """#!/usr/bin/env bash
if [[ $1 == -m && $2 == venv ]]; then
  mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$0" "$3/bin/pip"
elif [[ $0 == */pip ]]; then
  [[ ! -e $HOME/no_network ]] || { echo "ERROR: No matching distribution" >&2; exit 1; }
  echo "$*" >>"$HOME/pip"
elif [[ $2 == launch/train.py ]]; then
  printf '%s\\0' "$@" >"$HOME/train"
  echo "step 20 of 40"
fi
"""
_HOSTNAME = '#!/usr/bin/env bash\necho "t1v-n-0123-${HOME##*/}"\n'


def make(folder: Path) -> dict[str, str]:
    """Makes the cloud, without machines, and returns an environment that knows it."""
    tools = folder / "tools"
    tools.mkdir()
    gcloud = f'#!/bin/sh\nexec "{sys.executable}" -S "{__file__}" "$@"\n'
    scripts = {
        "gcloud": gcloud,
        "sudo": '#!/bin/sh\nexec "$@"\n',
        "systemctl": _SYSTEMCTL,
        "systemd-run": _SYSTEMD_RUN,
        "python3.12": _PYTHON,
        "hostname": _HOSTNAME,
    }
    for name, text in scripts.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    (folder / "machines").mkdir()
    path = f"{tools}:{os.environ['PATH']}"
    return os.environ | {"PATH": path, "FAKE_CLOUD": str(folder)}


def _main(arguments: list[str]) -> int:
    cloud = Path(os.environ["FAKE_CLOUD"])
    with open(cloud / "calls.jsonl", "a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    fails = cloud / "fails"
    for word in fails.read_text().split() if fails.exists() else ():
        if any(word in argument for argument in arguments):
            print("Some advice.", file=sys.stderr)
            print(f"ERROR: (gcloud) no {word} today", file=sys.stderr)
            print("More advice.", file=sys.stderr)
            return 1
    assert arguments[:3] == ["compute", "tpus", "tpu-vm"], arguments
    verb = arguments[3]
    flags = dict(x.split("=", 1) for x in arguments if x.startswith("--") and "=" in x)
    words = [x for x in arguments[4:] if not x.startswith("--")]
    machine = cloud / "machines" / words[-1].rstrip(":")
    if verb != "create" and not machine.exists():
        print(f"ERROR: NOT_FOUND: {machine.name} was not found", file=sys.stderr)
        return 1
    return _VERBS[verb](machine, flags, words)


def _create(machine, flags, words):
    kind, number = flags["--accelerator-type"].rsplit("-", 1)
    per_worker = 8 if kind in ("v4", "v5p", "v5litepod", "v6e") else 4
    for index in range(max(1, int(number) // per_worker)):
        (machine / f"w-{index}").mkdir(parents=True)
    (machine / "state").write_text("READY")
    return 0


def _describe(machine, flags, words):
    print((machine / "state").read_text())
    return 0


def _scp(machine, flags, words):
    for worker in _workers(machine, flags):
        for source in words[:-1]:
            shutil.copy(source, worker)
    return 0


def _ssh(machine, flags, words):
    codes = []
    for worker in _workers(machine, flags):
        print(f"connecting to {worker.name}", file=sys.stderr)
        codes.append(
            subprocess.run(
                ["bash", "-c", flags["--command"]],
                cwd=worker,
                env=os.environ | {"HOME": str(worker)},
            ).returncode
        )
    if any(codes):
        print("ERROR: (gcloud) could not ssh into a worker", file=sys.stderr)
    return int(any(codes))


def _delete(machine, flags, words):
    shutil.rmtree(machine)
    return 0


def _workers(machine, flags):
    which = flags["--worker"]
    return sorted(machine.glob("w-*" if which == "all" else f"w-{which}"))


_VERBS = {
    "create": _create,
    "describe": _describe,
    "scp": _scp,
    "ssh": _ssh,
    "delete": _delete,
}

if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
