#!/usr/bin/python3
"""Write suite.json for TorchScript modules of one's own, with the accuracy that each one has."""

import argparse
import json
import pickle
import sys
from pathlib import Path
from typing import Dict, Iterator, Tuple

import torch
from torch import Tensor

from train import clips
from train.image_data import read_idx
from train.suite_training import run_stages, sha256, stage_accuracies


METRICS = ["top-1 accuracy"]  # what stage_accuracies() measures


class BadInput(Exception):
    """For the user: what is wrong, and where."""


def load(data: Dict, folder: Path, split: Tuple[int, int]) -> Tuple[Tensor, Tensor]:
    """Items and labels of a split, as alert-bench reads them."""
    rows = slice(split[0], split[1] + 1)
    if data["format"] == "tensors":
        items, labels = (
            torch.load(folder / data[key], weights_only=True)[rows] for key in ("items", "labels")
        )
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
        raise BadInput(f"the profiling split ends at {split[1]}, beyond the data's end")
    return items, labels.long()


def checked_stages(module: torch.jit.ScriptModule, x: Tensor, classes: int) -> Iterator[Tensor]:
    for k, logits in enumerate(run_stages(module, x), 1):
        if not isinstance(logits, Tensor):
            raise BadInput(f"stage {k} gave no tensor of logits, but a {type(logits).__name__}")
        if logits.dtype != torch.float32 or logits.shape != (len(x), classes):
            raise BadInput(
                f"stage {k} gave {logits.dtype} logits of shape {list(logits.shape)}, "
                f"not torch.float32 of shape [{len(x)}, {classes}]"
            )
        if not logits.isfinite().all():
            raise BadInput(f"stage {k} gave logits that are not finite numbers")
        yield logits


def model_entry(name: str, file: Path, items: Tensor, labels: Tensor, classes: int) -> Dict:
    try:
        module = torch.jit.load(str(file)).eval()
        parameters = sum(p.numel() for p in module.parameters())  # none of a frozen module
        with torch.inference_mode():
            accuracy = stage_accuracies(
                lambda x: checked_stages(module, x, classes), items, labels
            )
    except (BadInput, OSError, RuntimeError, ValueError, torch.jit.Error) as error:
        raise BadInput(f"{file}: {reason(error)}") from error
    return {
        "name": name,
        "file": file.name,
        "kind": "anytime" if hasattr(module, "num_stages") else "traditional",
        "sha256": sha256(file),
        **({"parameters": parameters} if parameters else {}),
        "accuracy": accuracy,
    }


def reason(error: Exception) -> str:
    """The line of an error that tells: of TorchScript's the first after the code."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    code = [i for i, line in enumerate(lines) if line.startswith("Traceback of TorchScript")]
    told = [line for line in lines[code[-1] + 1 :] if not line.startswith(" ")] if code else lines
    return (told or lines)[0]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of the suite; paths below are taken from it")
    parser.add_argument("models", nargs="+", metavar="NAME", help="a module, saved as NAME.pt")
    parser.add_argument(
        "--task", required=True, help="in a word or two, as in image-classification"
    )
    parser.add_argument("--classes", type=int, required=True)
    parser.add_argument("--metric", choices=METRICS, default=METRICS[0])
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


def number(text: str, kind: type) -> float:
    try:
        return kind(text)
    except ValueError:
        raise BadInput(f"RATE_HZ and DURATION_S of --audio are numbers, not {text!r}") from None


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
            "sample_rate_hz": number(rate_hz, int),
            "duration_s": number(duration_s, float),
        }
    return {**data, "splits": {"profiling": args.profiling, "evaluation": args.evaluation}}


def loaded(data: Dict, args: argparse.Namespace) -> Tuple[Tensor, Tensor]:
    try:
        items, labels = load(data, args.folder, args.profiling)
    except KeyError as error:
        raise BadInput(f"the table of labels has no column {error}") from error
    except (OSError, EOFError, pickle.PickleError, RuntimeError, TypeError, ValueError) as error:
        raise BadInput(f"the data cannot be read: {reason(error)}") from error
    if labels.dim() != 1:
        raise BadInput(f"labels must have one dimension, have {labels.dim()}")
    outside = labels[(labels < 0) | (labels >= args.classes)]
    if len(outside):
        raise BadInput(f"label {int(outside[0])} is not below the {args.classes} classes")
    return items, labels


def make_suite(args: argparse.Namespace) -> None:
    if args.classes < 2:
        raise BadInput(f"--classes must be at least 2, is {args.classes}")
    for first, last in (args.profiling, args.evaluation):
        if not 0 <= first <= last:
            raise BadInput(f"a split is FIRST LAST, ascending from 0: {first} {last} is none")
    data = data_of(args)
    items, labels = loaded(data, args)
    suite = {
        "schema_version": 1,
        "name": args.folder.resolve().name,
        "task": args.task,
        "metric": args.metric,
        "classes": args.classes,
        "q_fail": 1 / args.classes,
        "data": data,
        "models": [
            model_entry(name, args.folder / f"{name}.pt", items, labels, args.classes)
            for name in args.models
        ],
    }
    (args.folder / "suite.json").write_text(json.dumps(suite, indent=2) + "\n")
    for model in suite["models"]:
        errors = " ".join(f"{1 - accuracy:.2%}" for accuracy in model["accuracy"])
        print(f"{model['name']}: error {errors} on the profiling split")


def main() -> None:
    try:
        make_suite(arguments())
    except (BadInput, OSError) as error:
        print(f"make_suite.py: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
