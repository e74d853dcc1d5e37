#!/usr/bin/python3
"""Measure which TorchScript export of each trained image network is fastest on one thread."""

import argparse
from pathlib import Path

import torch

from train import image_data, image_export
from train.image_models import SPECS
from train.suite_training import keep_freed_memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=Path, default=Path("build/image-states"))
    parser.add_argument("--rounds", type=int, default=50)
    args = parser.parse_args()
    keep_freed_memory()
    images = image_data.load("t10k")[0][: image_export.BURST]
    for name in SPECS:
        network = image_export.deployable(name, torch.load(args.states / f"{name}.pt")["state"])
        candidates = image_export.compare(network, images, args.rounds)
        print(f"{name}: fastest usable is {image_export.fastest(candidates)}")
        for export, candidate in candidates.items():
            print(f"  {export}: {candidate}", flush=True)


if __name__ == "__main__":
    main()
