#!/bin/bash
# The study of alert-plus, results/alert-plus: the committed traces replayed with each of its parts left out,
# and simulated platforms with seeds that nothing was chosen on, one of them noisier than it is described.
# Takes minutes; needs numpy.
#
#   scripts/study_alert_plus.sh [OUT]    (the replays; OUT: runs/plus)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-runs/plus}
export out bench=build/release/alert-bench paper=scripts/alert-paper
[[ -x $bench ]] || { echo "study_alert_plus.sh: $bench is missing: run scripts/test.sh" >&2; exit 3; }
mkdir -p "$out"

without() { printf '{"scheme": "alert-plus", "name": "without %s", "without": ["%s"]}' "${1//_/ }" "$1"; }
held_out='["alert", "alert-plus", "oracle-static", "oracle-regime", "oracle"]'
recorded="[\"alert\", \"alert-plus\", {\"scheme\": \"alert-plus\", \"name\": \"whole-stream account\", \"energy_window\": 0}"
for part in profiled_spread clipped_innovation learned_noise miss_price price_ascent energy_account; do
  recorded+=", $(without $part)"
done
recorded+=', "app-only", "sys-only", "no-coord", "linucb", "caloree", "oracle-static", "oracle-regime", "oracle"]'
export held_out recorded

replayed() {
  $bench replay --config "configs/$1.json" --trace "results/$1"/traces/*.jsonl.gz --set "schemes=$recorded" \
    --set log_inferences=true --out "$out/$1" --force > /dev/null
  $paper reduce-log "$out/$1"
}
simulated() {  # platform, seed
  $bench run --config "configs/simulated-$1.json" --set "schemes=$held_out" --set log_inferences=true \
    --set inputs.count=300 --seed "$2" --set "name=$1, seed $2" --out "$out/$1-$2" --force > /dev/null
  $paper reduce-log "$out/$1-$2"
}
export -f replayed simulated
{
  printf 'replayed %s\n' sentence image speech
  printf 'simulated %s\n' {laptop,server,embedded,gpu}\ {1001,1002}
} | xargs -P "$(nproc)" -I{} bash -euo pipefail -c '{}'

$paper plus "$out"/{image,speech,sentence} --held-out "$out"/{laptop,server,embedded,gpu}-{1001,1002} \
  --out results/alert-plus
