# Sourced by quickstart.sh and test.sh: one .venv, made once and reused while it is current.
# shellcheck shell=bash

stop() {
  echo "error: $*" >&2
  exit 1
}

# Usage: make_environment requirements.txt
# PYTHON=python3.12 chooses the interpreter of a new .venv.
make_environment() {
  local requirements=$1 python=${PYTHON:-python3} wanted stamp
  # Of the packages only what is imported is compiled, then and once, if Python may keep it.
  unset PYTHONDONTWRITEBYTECODE
  if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    command -v "$python" >/dev/null || stop "no $python here; install Python 3.11 or newer, or set PYTHON=/path/to/python3.11"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
      stop "$python is $("$python" -V 2>&1), 3.11 or newer is needed; set PYTHON=/path/to/python3.11"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
      stop "$python cannot make environments; install its venv module (Debian, Ubuntu: apt install python3-venv)"
    # Python 3.11 brings a pip that takes twice as long as today's.
    PIP_QUIET=1 "$python" -m venv .venv --upgrade-deps ||
      stop "$python could not make .venv; its message stands above"
  fi
  stamp=.venv/installed-$requirements
  wanted=$(pwd && .venv/bin/python -V && cat pyproject.toml requirements*.txt)
  if [[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]]; then
    echo "== installing $requirements into .venv: about a minute, once"
    .venv/bin/pip install -qq --disable-pip-version-check --no-compile -r "$requirements" ||
      stop "pip could not install $requirements; its message stands above"
    # Each requirements file contains requirements.txt.
    echo "$wanted" | tee .venv/installed-requirements.txt >"$stamp"
  fi
}
