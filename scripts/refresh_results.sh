#!/bin/bash
# The committed results, made anew from the committed traces: after a change to what a replay computes or
# writes. `git diff results` then shows what the change did. It records nothing and takes seconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bench=build/release/alert-bench
[[ -x $bench ]] || { echo "refresh_results.sh: $bench is missing: run scripts/test.sh" >&2; exit 3; }

fresh=$(mktemp -d)
trap 'rm -r "$fresh"' EXIT
for traces in results/*/traces; do
  results=$(dirname "$traces")
  suite=$(basename "$results")
  $bench replay --config "configs/$suite.json" --trace "$traces"/*.jsonl.gz --out "$fresh/$suite" > /dev/null
  $bench report "$fresh/$suite" --format markdown > "$fresh/$suite/tables.md"
  cp "$fresh/$suite"/{summary.json,tables.md} "$results/"
done
