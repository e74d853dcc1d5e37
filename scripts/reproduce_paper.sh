#!/bin/bash
# The paper's figures, tables and claims, and a report to hold beside it: OUT/report.html.
#
#   scripts/reproduce_paper.sh [--fast] [--update-results] [OUT]    (OUT: runs/paper)
#
# Records every suite of results/ anew on this machine: leave it alone meanwhile. With --fast, replays the
# committed traces instead. --update-results then copies what the README shows to results/, and after a
# recording the recorded folders too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fast=false update=false out=runs/paper
for argument; do
  case $argument in
    --fast) fast=true ;;
    --update-results) update=true ;;
    -*) echo "reproduce_paper.sh: unknown option $argument; see its first lines" >&2; exit 2 ;;
    *) out=$argument ;;
  esac
done
export out
export bench=build/release/alert-bench paper=scripts/alert-paper
[[ -x $bench ]] || { echo "reproduce_paper.sh: $bench is missing: run scripts/test.sh" >&2; exit 3; }
mkdir -p "$out/figures"

suites=() simulated=()
for traces in results/*/traces; do suites+=("$(basename "$(dirname "$traces")")"); done
for config in configs/simulated-*.json; do simulated+=("$(basename "$config" .json)"); done

# The traces, replayed by all schemes. A recording is not disturbed by anything else of ours.
replay_suite() {
  $bench replay --config "configs/$1.json" --trace "results/$1"/traces/*.jsonl.gz \
    --set log_inferences=true --out "$out/$1" --force > /dev/null
  cp -r "results/$1/traces" "$out/$1/"
}
record_suite() {
  $bench run --config "configs/$1.json" --set log_inferences=true --out "$out/$1" --force > /dev/null
}
finish() {  # of one results folder: the log reduced, the tables written
  $paper reduce-log "$out/$1"
  $bench report "$out/$1" --format json > "$out/$1/tables.json"
  $bench report "$out/$1" --format markdown > "$out/$1/tables.md"
}
replay_and_finish() { replay_suite "$1"; finish "$1"; }
record_and_finish() { record_suite "$1"; finish "$1"; }
export -f replay_suite record_suite finish replay_and_finish record_and_finish
each() {  # names: as many at once as there are cores
  printf '%s\n' "${@:2}" | xargs -P "$(nproc)" -I{} bash -euo pipefail -c "$1 {}"
}

# What a decision costs needs a live run: alone, before anything else.
$bench run --config configs/agreement.json --set name=image-live --schemes alert \
  --set inputs.count=100 --set 'environments=[{"name": "default"}]' \
  --set profile=results/image/profile.json --out "$out/image-live" --force > /dev/null
if $fast; then
  each replay_and_finish "${suites[@]}"
else
  for suite in "${suites[@]}"; do record_and_finish "$suite"; done
fi
each record_and_finish "${simulated[@]}"  # nothing is recorded: the machine is described

# One stream through a contention window: the deadline of the largest anytime DNN, the highest goal.
$bench replay --config configs/image.json --trace "$out/image/traces/memory.jsonl.gz" --schemes alert \
  --set name=image-timeline --set log_inferences=true --out "$out/image-timeline" --force > /dev/null
$bench report "$out/image-timeline" --format perfetto --setting 19 > "$out/timeline.perfetto.json"

$paper figure timeline "$out/image-timeline" --environment memory --setting 19 --inputs 20 160 \
  --out "$out/figures/timeline"
$paper figure overhead "$out/image-live" --out "$out/figures/overhead"
$paper figures "${suites[@]/#/$out/}" --out "$out/figures"
$paper figures "${simulated[@]/#/$out/}" --out "$out/figures" --suffix=-simulated

$paper claims "${suites[@]/#/$out/}" "${simulated[@]/#/$out/}" \
  --live "$out/image-live" --out "$out/claims.json"
$paper differences "$out" "${suites[@]}" "${simulated[@]}"
$paper report "$out"

if $update; then
  mkdir -p results/figures
  cp "$out"/figures/{timeline,schemes-energy,schemes-error}.png results/figures/
  $fast || for suite in "${suites[@]}"; do
    cp -r "$out/$suite"/{manifest.json,profile.json,summary.json,tables.md,traces} "results/$suite/"
  done
fi
