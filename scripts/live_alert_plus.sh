#!/bin/bash
# alert-plus and alert, live and interleaved input by input: three suites, two environments, the machine
# otherwise idle and beside one busy process. Leave it alone meanwhile: some minutes.
#
#   scripts/live_alert_plus.sh [--set KEY=VALUE]...    (arguments for every run, as in --set inputs.count=40)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bench=build/release/alert-bench paper=scripts/alert-paper out=runs/live
[[ -x $bench ]] || { echo "live_alert_plus.sh: $bench is missing: run scripts/test.sh" >&2; exit 3; }

live() {  # suite, load; then arguments
  $bench run --config configs/live.json --set "suite=models/$1" --set "name=$1, $2" --out "$out/$1-$2" \
    --force "${@:3}" > /dev/null
  $paper reduce-log "$out/$1-$2"
}
each_suite() {  # load; then arguments
  live image "$@"
  live speech "$1" --set inputs.burst=1 --set 'inputs.group_size=[4, 8]' "${@:2}"
  live sentence "$1" --set inputs.burst=1 "${@:2}"
}
each_suite idle "$@"
yes > /dev/null &
busy=$!
trap 'kill $busy' EXIT
each_suite busy "$@"

$paper plus --live "$out"/*-{idle,busy} --out results/alert-plus
