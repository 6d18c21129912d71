#!/usr/bin/env bash
# Everything that must hold before a commit: format, lint, types, tests.
# Arguments go to pytest: ./launch/test.sh -k floors, ./launch/test.sh --slow
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=launch/environment.sh
source launch/environment.sh
make_environment requirements-dev.txt

step() {
  echo "== $*"
  ".venv/bin/$1" "${@:2}"
}

step ruff format --check .
step ruff check .
# Beside the tests: alone it leaves a core idle.
step pyright &
types=$! tests=0
step pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=10 "$@" || tests=$?
wait "$types" || stop "pyright does not pass, see above"
((tests == 0)) || exit "$tests"
echo "== all checks passed in $SECONDS s"
