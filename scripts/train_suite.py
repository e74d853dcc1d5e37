#!/usr/bin/python3
"""Train a suite's networks where they are not trained yet, and export all as TorchScript with
suite.json."""

import argparse
from pathlib import Path

import torch

from train import image_suite, sentence_suite, speech_suite
from train.suite_training import train_suite

SUITES = {module.SUITE.name: module.SUITE for module in (image_suite, sentence_suite, speech_suite)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--out", type=Path, required=True, help="folder of the suite")
    parser.add_argument(
        "--states",
        type=Path,
        help="trained weights, reused while their recipe stays (default: build/SUITE-states)",
    )
    parser.add_argument(
        "--only",
        metavar="NAME",
        help="train only this network; export it and those trained before",
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    suite = SUITES[args.suite]
    if args.only not in (None, *suite.recipes):
        parser.error(f"--only: unknown network {args.only}; allowed: {', '.join(suite.recipes)}")
    torch.set_num_threads(args.threads)
    train_suite(suite, args.out, args.states or Path(f"build/{suite.name}-states"), args.only)


if __name__ == "__main__":
    main()
