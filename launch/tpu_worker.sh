#!/usr/bin/env bash
# What tpu_vm.sh lets each machine of a Cloud TPU do: setup, train, status, logs.
set -euo pipefail
cd "$HOME"
unit=salgan_train
log=$HOME/salgan_train.log

worker() {
  local host
  host=$(hostname)
  echo "worker ${host##*-w-}"
}

fail() {
  echo "error: $(worker): $*" >&2
  exit 1
}

setup() {
  # The environment, which knows its path, moves into the new checkout; the old one is
  # there until the new one is complete.
  rm -rf salgan_jax.new
  mkdir salgan_jax.new
  tar -xzf salgan_jax.tar.gz -C salgan_jax.new
  if [[ -d salgan_jax/.venv ]]; then mv salgan_jax/.venv salgan_jax.new/; fi
  rm -rf salgan_jax
  mv salgan_jax.new salgan_jax
  cd salgan_jax
  # shellcheck source=launch/environment.sh
  source launch/environment.sh
  [[ -x .venv/bin/python ]] || choose_python
  make_environment requirements-tpu.txt
  echo "$(worker): ready"
}

# The machines come with Python 3.10; uv brings a newer one.
choose_python() {
  for PYTHON in python3.12 python3.11 python3; do
    "$PYTHON" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
      2>/dev/null && return
  done
  python3 -m pip install --user --quiet uv || fail "pip could not install uv"
  python3 -m uv python install 3.12 || fail "uv could not install Python 3.12"
  PYTHON=$(python3 -m uv python find --managed-python --no-project 3.12)
}

# A unit of systemd, so that there is one at a time, that it outlives the session, and
# that it gets SIGTERM, and time to save, when the machine goes down.
train() {
  local state
  state=$(systemctl is-active "$unit" || true)
  case $state in
    inactive | failed | unknown) ;;
    *)
      echo "$(worker): the run is alive ($state)"
      return
      ;;
  esac
  [[ -x salgan_jax/.venv/bin/python ]] || fail "there is no environment: run setup"
  # systemd would read a $ or a % in the flags itself.
  printf 'exec .venv/bin/python -u launch/train.py' >salgan_train.sh
  printf ' %q' "$@" >>salgan_train.sh
  echo "== $(date -u '+%F %T') UTC: $*" >>"$log"
  sudo systemctl reset-failed "$unit" 2>/dev/null || true # of a run that failed before
  sudo systemd-run --quiet --unit="$unit" --uid="$(id -u)" --gid="$(id -g)" \
    --setenv=HOME="$HOME" --working-directory="$HOME/salgan_jax" \
    --property=KillMode=mixed --property=TimeoutStopSec=300 \
    --property=StandardOutput=append:"$log" --property=StandardError=append:"$log" \
    /bin/bash "$HOME/salgan_train.sh" || fail "systemd could not start the run"
  echo "$(worker): started"
}

status() {
  local state line
  state=$(systemctl is-active "$unit" || true)
  line=$(tail -n 1 "$log" 2>/dev/null || echo "no log yet")
  echo "$(worker): $state; $line"
}

# Usage: logs LINES FOLLOW
logs() {
  [[ -f $log ]] || fail "there is no log yet: run train"
  if [[ $2 == true ]]; then
    tail -n "$1" -F "$log"
  else
    tail -n "$1" "$log"
  fi
}

case $1 in
  setup | train | status | logs) "$@" ;;
  *) fail "unknown command $1" ;;
esac
