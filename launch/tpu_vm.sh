#!/usr/bin/env bash
# Trains on a Cloud TPU: makes the machines, copies this checkout, starts and watches a run.
set -euo pipefail
called_from=$PWD
cd "$(dirname "$0")/.."

usage() {
  cat <<'EOF'
Usage: launch/tpu_vm.sh COMMAND --name=NAME --zone=ZONE [FLAG...] [-- TRAIN_FLAG...]

Commands; each may be given again, and all take the same flags:
  create   makes the VM, or the pod slice; makes it anew where a spot VM was preempted
  setup    copies the last commit of this checkout to all workers, makes an environment
  train    starts or resumes the run on all workers; it goes on when you log out
  status   state of the VM; of each worker, whether the run is alive, and its last line
  logs     the last lines of a worker, or all that follow
  delete   ends the run, which saves, and deletes the VM

Flags:
  --name=NAME        of the VM and of the run
  --zone=ZONE        such as us-central1-a
  --project=PROJECT  the one that gcloud is set to by default
  --type=TYPE        accelerator type, such as v5litepod-8, v4-32 or v6e-8 (create)
  --version=VERSION  of the TPU software; what Google names for the type by default (create)
  --spot             cheaper, and may be taken away at any time (create)
  --bucket=gs://...  where the run lies (runs/NAME) and the data (datasets) (train)
  --config=FILE      in configs/; FILE:VARIANT (train)
  --weights=FILE     initial weights: copied by setup, init_from of train
  --worker=N         whose log, 0 by default (logs)
  --lines=N          how many, 50 by default (logs)
  --follow           goes on until Ctrl-C (logs)
  --dry_run          prints each command and runs none; needs no gcloud
  --help             this
What stands after -- goes to launch/train.py as it is: -- --config.batch_size=64
EOF
}

stop() {
  echo "error: $*" >&2
  exit 1
}

mistake() {
  echo "error: $* (--help lists the flags)" >&2
  exit 2
}

tell() {
  $dry_run || echo "== $*"
}

parse_flags() {
  command='' name='' zone='' project='' type='' version='' bucket='' config='' weights=''
  worker=0 lines=50 spot=false follow=false dry_run=false train_flags=()
  while (($#)); do
    case $1 in
      --help) usage && exit 0 ;;
      --spot) spot=true ;;
      --follow) follow=true ;;
      --dry_run) dry_run=true ;;
      --name=* | --zone=* | --project=* | --type=* | --version=* | --bucket=* | \
        --config=* | --weights=* | --worker=* | --lines=*)
        [[ -n ${1#*=} ]] || mistake "${1%=} needs a value"
        printf -v "$(cut -c 3- <<<"${1%%=*}")" %s "${1#*=}"
        ;;
      --)
        train_flags=("${@:2}")
        break
        ;;
      -*) mistake "unknown flag $1" ;;
      *)
        [[ -z $command ]] || mistake "one command at a time, given: $command and $1"
        command=$1
        ;;
    esac
    shift
  done
}

check_flags() {
  case $command in
    create | setup | train | status | logs | delete) ;;
    '') mistake "a command must be given: create, setup, train, status, logs or delete" ;;
    *) mistake "unknown command $command: use create, setup, train, status, logs or delete" ;;
  esac
  [[ -n $name ]] || mistake "--name must be given"
  [[ -n $zone ]] || mistake "--zone must be given"
  [[ $name =~ ^[a-z]([a-z0-9-]{0,60}[a-z0-9])?$ ]] ||
    mistake "--name=$name: use small letters, digits and -, a letter first"
  [[ $worker =~ ^[0-9]+$ ]] || mistake "--worker=$worker is no number"
  [[ $lines =~ ^[0-9]+$ ]] || mistake "--lines=$lines is no number"
  [[ -z $bucket || $bucket =~ ^gs://[^/]+ ]] || mistake "--bucket=$bucket: use gs://BUCKET"
  bucket=${bucket%/}
  if [[ $command == create ]]; then
    [[ -n $type ]] || mistake "create needs --type, such as v5litepod-8"
    [[ -n $version ]] || version=$(default_version)
  elif [[ $command == train ]]; then
    [[ -n $bucket ]] || mistake "train needs --bucket=gs://BUCKET"
    [[ -n $config ]] || mistake "train needs --config, such as configs/salgan.py"
    [[ -f ${config%%:*} ]] || mistake "there is no config file ${config%%:*}"
  fi
  if [[ -n $weights && $command =~ ^(setup|train)$ ]]; then
    [[ $weights == /* ]] || weights=$called_from/$weights
    [[ -f $weights ]] || mistake "there is no file $weights"
  fi
  $dry_run || command -v gcloud >/dev/null ||
    mistake "gcloud is not installed: see https://cloud.google.com/sdk/docs/install"
}

# docs.cloud.google.com/tpu/docs/runtimes, "PyTorch and JAX", read in November 2026.
default_version() {
  case $type in
    v6e-*) echo v2-alpha-tpuv6e ;;
    v5p-*) echo v2-alpha-tpuv5 ;;
    v5litepod-*) echo v2-alpha-tpuv5-lite ;;
    v2-* | v3-* | v4-*) echo tpu-ubuntu2204-base ;;
    v5e-*) mistake "--type=$type: Cloud TPU calls it v5litepod-${type#v5e-}" ;;
    *) mistake "--type=$type is unknown here: give its --version too" ;;
  esac
}

# A command as a line that a shell reads as the same words.
quoted() {
  local line
  printf -v line '%q ' "$@"
  echo "${line% }"
}

# Runs the words, or shows them.
run() {
  if $dry_run; then
    quoted "$@" >&3
  else
    "$@"
  fi
}

# Usage: tpu VERB WORDS...; what gcloud complains about becomes our line.
tpu() {
  local said=$scratch/said
  run gcloud compute tpus tpu-vm "$@" --zone="$zone" ${project:+--project="$project"} \
    --quiet 2>"$said" && return
  # The first error is the cause: a worker's own, where it is one that failed.
  said=$(grep -i -m 1 '^error' "$said" || tail -n 1 "$said")
  stop "gcloud $1 $name: $(sed -E 's/^error: *//I' <<<"${said:-failed without a word}")"
}

# Usage: on_workers WHICH COMMAND...: quoted words, as `quoted` makes them.
on_workers() {
  tpu ssh "$name" --worker="$1" --command="${*:2}"
}

# Usage: state_of_vm EXPECTED: such as READY; ABSENT where there is none. A dry run, which
# cannot know, goes on as expected.
state_of_vm() {
  local state
  if $dry_run; then
    tpu describe "$name" --format='value(state)'
    echo "$1"
  elif state=$(tpu describe "$name" --format='value(state)' 2>"$scratch/complaint"); then
    echo "$state"
  elif grep -qi 'not_found\|not found' "$scratch/complaint"; then
    echo ABSENT
  else
    cat "$scratch/complaint" >&2
    return 1
  fi
}

need_ready() {
  local state
  state=$(state_of_vm READY)
  case $state in
    READY) ;;
    ABSENT) stop "there is no $name in $zone: run create first" ;;
    PREEMPTED | TERMINATED) stop "$name is $state: run create, setup and train again" ;;
    *) stop "$name is $state, not READY: try again in a minute" ;;
  esac
}

# Prints none, some or all: on how many workers the run is alive.
alive_on() {
  local answers alive idle
  answers=$(on_workers all 'systemctl is-active salgan_train || true') || exit 1
  alive=$(grep -cE '^(active|activating|deactivating|reloading)$' <<<"$answers" || true)
  idle=$(grep -cE '^(inactive|failed|unknown)$' <<<"$answers" || true)
  if $dry_run; then idle=1; fi
  ((alive + idle)) || stop "no worker of $name answered"
  if ((alive == 0)); then echo none; elif ((idle == 0)); then echo all; else echo some; fi
}

create() {
  local state flags=(--accelerator-type="$type" --version="$version")
  # What the machine may do with the bucket is the matter of its service account.
  flags+=(--scopes=https://www.googleapis.com/auth/cloud-platform)
  if $spot; then flags+=(--spot); fi
  state=$(state_of_vm ABSENT)
  case $state in
    ABSENT) ;;
    PREEMPTED | TERMINATED)
      tell "$name is $state: deleting it first"
      tpu delete "$name"
      ;;
    DELETING) stop "$name is being deleted: try again in a minute" ;;
    *)
      tell "$name exists in $zone ($state)"
      return
      ;;
  esac
  tell "creating $name, a $type with $version: a few minutes"
  tpu create "$name" "${flags[@]}"
}

setup() {
  need_ready
  local alive
  alive=$(alive_on)
  if [[ $alive != none ]]; then
    tell "a run is alive on $name: the code beneath it stays as it is"
    return
  fi
  git rev-parse --verify --quiet HEAD >/dev/null ||
    stop "this is no git checkout with a commit, so there is nothing to copy"
  [[ -z $(git status --porcelain --untracked-files=no) ]] ||
    tell "note: uncommitted changes are not copied"
  tell "copying $(git rev-parse --short HEAD) to $name, making its environment"
  local archive=$scratch/salgan_jax.tar.gz
  run git archive --format=tar.gz --output="$archive" HEAD
  tpu scp "$archive" launch/tpu_worker.sh ${weights:+"$weights"} "$name:" --worker=all
  on_workers all 'bash tpu_worker.sh setup'
}

train() {
  need_ready
  local alive flags
  alive=$(alive_on)
  if [[ $alive == all ]]; then
    tell "the run $name is alive: see status and logs"
    return
  elif [[ $alive == some ]]; then
    stop "the run is alive on some workers of $name only, and will end there too:" \
      "try again in a minute"
  fi
  flags=(--distributed --config="$config" --workdir="$bucket/runs/$name")
  flags+=(--config.data.data_dir="$bucket/datasets")
  # Files that setup copied lie beside the checkout.
  if [[ -n $weights ]]; then flags+=(--config.init_from="../${weights##*/}"); fi
  flags+=(${train_flags[@]+"${train_flags[@]}"})
  if ! (on_workers all "$(quoted bash tpu_worker.sh train "${flags[@]}")"); then
    # What has started on other workers would wait for the rest.
    (on_workers all 'sudo systemctl stop salgan_train' 2>/dev/null) || true
    exit 1
  fi
  tell "$name trains to $bucket/runs/$name: see status and logs"
}

status() {
  local state
  state=$(state_of_vm READY)
  tell "$name in $zone: $state"
  if [[ $state == READY ]]; then
    on_workers all \
      'if [ -e tpu_worker.sh ]; then bash tpu_worker.sh status; else echo not set up; fi'
  fi
}

logs() {
  need_ready
  on_workers "$worker" "bash tpu_worker.sh logs $lines $follow"
}

delete() {
  local state
  state=$(state_of_vm READY)
  if [[ $state == ABSENT ]]; then
    tell "there is no $name in $zone"
    return
  fi
  if [[ $state == READY ]]; then
    tell "ending the run on $name, if it is alive; it saves first"
    # On a machine without a run there is no such unit.
    (on_workers all 'sudo systemctl stop salgan_train || true') ||
      tell "it could not be ended, and goes on from its last checkpoint"
  fi
  tpu delete "$name"
}

exec 3>&1 # what a dry run shows, also from within $(...)
parse_flags "$@"
check_flags
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$command"
