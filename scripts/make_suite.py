#!/usr/bin/env python3
"""Write suite.json for TorchScript modules of one's own, with the accuracy that each one has."""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import torch
from torch import Tensor

from train import clips
from train.image_data import read_idx

BATCH = 64


def stages(module: torch.jit.ScriptModule, x: Tensor) -> List[Tensor]:
    """Logits of each stage, through the interface that alert-bench uses."""
    if not hasattr(module, "num_stages"):
        return [module(x)]
    all_logits = []
    state = module.start(x)
    for k in range(1, module.num_stages() + 1):
        logits, state = module.stage(k, state)
        all_logits.append(logits)
    return all_logits


def stage_accuracies(
    module: torch.jit.ScriptModule, items: Tensor, labels: Tensor
) -> List[float]:
    right: List[int] = []
    with torch.inference_mode():
        for x, y in zip(items.split(BATCH), labels.split(BATCH)):
            now_right = [int((logits.argmax(1) == y).sum()) for logits in stages(module, x)]
            right = [a + b for a, b in zip(right, now_right)] if right else now_right
    return [count / len(labels) for count in right]


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
    return {
        "name": name,
        "file": file.name,
        "kind": "anytime" if hasattr(module, "num_stages") else "traditional",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "parameters": sum(p.numel() for p in module.parameters()),
        "accuracy": stage_accuracies(module, items, labels),
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of the suite; paths below are taken from it")
    parser.add_argument("models", nargs="+", metavar="NAME", help="a module, saved as NAME.pt")
    parser.add_argument("--task", required=True, help="in a word or two, as in image-classification")
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
