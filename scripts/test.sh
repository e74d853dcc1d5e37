#!/bin/bash
# Builds everything and runs all tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install_packages.sh
scripts/setup_speech.py
scripts/setup_sentence.py
cmake --preset release
cmake --build --preset release
ctest --preset release
