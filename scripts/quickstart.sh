#!/bin/bash
# From a fresh clone to a first result. Arguments are passed on to `alert-bench run`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install_packages.sh
scripts/setup_speech.py
scripts/setup_sentence.py
cmake --preset release
cmake --build --preset release --target alert-bench alert-bench-torch
build/release/alert-bench run --config configs/quickstart.json --force "$@"
