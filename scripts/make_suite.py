#!/usr/bin/python3
"""Write suite.json for TorchScript modules of one's own, with the accuracy that each one has."""

import argparse
import json
import sys
from pathlib import Path
from typing import Dict, Tuple

import torch
from torch import Tensor

from train import clips
from train.image_data import read_idx
from train.suite_training import run_stages, sha256, stage_accuracies


def load(data: Dict, folder: Path, split: Tuple[int, int]) -> Tuple[Tensor, Tensor]:
    """Items and labels of a split, as alert-bench reads them."""
    rows = slice(split[0], split[1] + 1)
    if data["format"] == "tensors":
        items, labels = (torch.load(folder / data[key])[rows] for key in ("items", "labels"))
    elif data["format"] == "idx":
        images = read_idx(folder / data["images"])
        items, labels = images[rows].float()[:, None] / 255, read_idx(folder / data["labels"])[rows]
    else:
        items, labels = clips.load(
            folder / data["folder"],
            folder / data["labels"],
            rows,
            data["sample_rate_hz"],
            round(data["duration_s"] * data["sample_rate_hz"]),
        )
    if len(labels) < split[1] - split[0] + 1:
        sys.exit(f"make_suite.py: the profiling split ends at {split[1]}, beyond the data's end")
    return items, labels.long()


def model_entry(name: str, file: Path, items: Tensor, labels: Tensor) -> Dict:
    module = torch.jit.load(str(file)).eval()
    parameters = sum(p.numel() for p in module.parameters())  # a frozen module has none to count
    return {
        "name": name,
        "file": file.name,
        "kind": "anytime" if hasattr(module, "num_stages") else "traditional",
        "sha256": sha256(file),
        **({"parameters": parameters} if parameters else {}),
        "accuracy": stage_accuracies(lambda x: run_stages(module, x), items, labels),
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of the suite; paths below are taken from it")
    parser.add_argument("models", nargs="+", metavar="NAME", help="a module, saved as NAME.pt")
    parser.add_argument(
        "--task", required=True, help="in a word or two, as in image-classification"
    )
    parser.add_argument("--classes", type=int, required=True)
    parser.add_argument("--metric", default="top-1 accuracy")
    data = parser.add_mutually_exclusive_group(required=True)
    data.add_argument("--tensors", nargs=2, metavar=("ITEMS", "LABELS"), help="by torch.save")
    data.add_argument("--idx", nargs=2, metavar=("IMAGES", "LABELS"), help="plain or gzip")
    data.add_argument(
        "--audio",
        nargs=4,
        metavar=("FOLDER", "LABELS.csv", "RATE_HZ", "DURATION_S"),
        help="sound files, and a table with the header file,label or file,label,speaker",
    )
    for split in ("profiling", "evaluation"):
        parser.add_argument(
            f"--{split}", type=int, nargs=2, required=True, metavar=("FIRST", "LAST"), help="items"
        )
    return parser.parse_args()


def data_of(args: argparse.Namespace) -> Dict:
    if args.tensors:
        data = {"format": "tensors", "items": args.tensors[0], "labels": args.tensors[1]}
    elif args.idx:
        data = {"format": "idx", "images": args.idx[0], "labels": args.idx[1]}
    else:
        folder, labels, rate_hz, duration_s = args.audio
        data = {
            "format": "audio",
            "folder": folder,
            "labels": labels,
            "sample_rate_hz": int(rate_hz),
            "duration_s": float(duration_s),
        }
    return {**data, "splits": {"profiling": args.profiling, "evaluation": args.evaluation}}


def main() -> None:
    args = arguments()
    data = data_of(args)
    items, labels = load(data, args.folder, args.profiling)
    suite = {
        "schema_version": 1,
        "name": args.folder.resolve().name,
        "task": args.task,
        "metric": args.metric,
        "classes": args.classes,
        "q_fail": 1 / args.classes,
        "data": data,
        "models": [
            model_entry(name, args.folder / f"{name}.pt", items, labels) for name in args.models
        ],
    }
    (args.folder / "suite.json").write_text(json.dumps(suite, indent=2) + "\n")
    for model in suite["models"]:
        errors = " ".join(f"{1 - accuracy:.2%}" for accuracy in model["accuracy"])
        print(f"{model['name']}: error {errors} on the profiling split")


if __name__ == "__main__":
    main()
