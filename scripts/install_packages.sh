#!/bin/bash
# Installs the packages that alert-bench is built, tested and run with, and those named as arguments,
# where missing. Tried on Debian 12 and 13; on another system with apt it installs those of them that
# apt knows, and names the rest.
set -euo pipefail

packages=(
  cmake ninja-build g++ pkg-config
  catch2 libcli11-dev libfmt-dev libpowercap-dev libssl-dev libtorch-dev nlohmann-json3-dev
  zlib1g-dev
  libopenblas0-pthread   # LibTorch is 3 to 5 times slower on the reference BLAS
  dataset-fashion-mnist  # the data of models/image
  bible-kjv              # the data of models/sentence
  stress-ng              # a contention workload
  gcin-voice libsamplerate0-dev libsndfile1-dev  # the data of models/speech, and reading audio
  python3-jinja2 python3-jsonschema python3-matplotlib python3-numpy  # tests, figures, reports
  python3-soundfile python3-torch  # training
  "$@"
)

if ! command -v apt-get > /dev/null; then
  echo "install_packages.sh: this system has no apt-get. Install what these Debian packages hold:" \
    "${packages[*]}" >&2
  exit 3
fi

installed=$(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' "${packages[@]}" \
  2> /dev/null) || true  # it fails for a package that it has never heard of
missing=()
for package in "${packages[@]}"; do
  grep --quiet --line-regexp --fixed-strings "$package installed" <<< "$installed" || missing+=("$package")
done
(( ${#missing[@]} )) || exit 0

as_root=()
(( EUID == 0 )) || as_root=(sudo)
"${as_root[@]}" apt-get update
known=() unknown=()
for package in "${missing[@]}"; do
  if apt-cache show "$package" > /dev/null 2>&1; then known+=("$package"); else unknown+=("$package"); fi
done
if (( ${#known[@]} )); then
  echo "install_packages.sh: installing ${known[*]}" >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends "${known[@]}" < /dev/null
fi
if (( ${#unknown[@]} )); then
  echo "install_packages.sh: apt knows no ${unknown[*]} here. Tried are Debian 12 and 13; elsewhere get" \
    "what these packages hold by other means (LibTorch: README.md, \"Build\")." >&2
fi
