#!/usr/bin/env bash
# From nothing to a trained and scored SalGAN in minutes, on the CPU: everything it makes
# lies in .venv/ and runs/quickstart/.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=launch/environment.sh
source launch/environment.sh
make_environment requirements.txt

.venv/bin/python launch/train.py --config=configs/quickstart.py --workdir=runs/quickstart
.venv/bin/python launch/evaluate.py --checkpoint=runs/quickstart \
  --dataset=popout --split=validation --output=runs/quickstart
echo "== done in $SECONDS s: see runs/quickstart/"
