#!/bin/bash
# Does replay tell what a live run does? Runs one experiment both ways on this machine, and prints how
# the live run differs from the replay, scheme by scheme. Takes about 40 minutes where runs/image has
# not been recorded yet, else about 8.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bench=build/release/alert-bench
config=configs/agreement.json  # same inputs and environments as configs/image.json

[[ -e runs/image/summary.json ]] || $bench run --config configs/image.json --out runs/image > /dev/null
$bench replay --config $config --trace runs/image/traces/*.jsonl.gz --out runs/agreement/replay --force > /dev/null
$bench run --config $config --set profile=runs/image/profile.json --out runs/agreement/live --force > /dev/null
$bench compare runs/agreement/replay runs/agreement/live
