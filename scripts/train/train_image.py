#!/usr/bin/env python3
"""Train the image suite on Fashion-MNIST and export it as TorchScript with suite.json."""

import argparse
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional

import torch

import image_data
import image_export
from image_models import CLASSES, SPECS, AnytimeSpec
from image_training import Recipe, accuracy, keep_freed_memory, train

RECIPES = {
    "resnet-xxs": Recipe(epochs=3),
    "resnet-xs": Recipe(epochs=5),
    "resnet-s": Recipe(epochs=6, small_epochs=3),
    "resnet-m": Recipe(epochs=5, small_epochs=3),
    "resnet-l": Recipe(epochs=5, small_epochs=3),
    "resnet-xl": Recipe(epochs=6, small_epochs=4),
    "anytime-resnet": Recipe(epochs=6, small_epochs=3),
}
COMPARE_ROUNDS = 50
TABLE_HEAD = (
    "model           stage parameters latency_ms profiling evaluation    bytes sha256\n"
    "                                 one thread     error      error"
)


@dataclass
class Exported:
    entry: dict  # in suite.json
    table_rows: List[str]  # one per stage


def to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def saved_training(name: str, recipe: Recipe, states: Path) -> Optional[dict]:
    """What an earlier run trained by this very recipe, if any."""
    file = states / f"{name}.pt"
    saved = torch.load(file) if file.exists() else None
    return saved if saved and saved["origin"] == origin(name, recipe) else None


def origin(name: str, recipe: Recipe) -> List[str]:
    return [repr(SPECS[name]), repr(recipe)]


def run_training(name: str, recipe: Recipe, states: Path) -> dict:
    lines: List[str] = []

    def log(line: str) -> None:
        lines.append(f"{name}: {line}")
        to_stderr(lines[-1])

    for line in origin(name, recipe):
        log(line)
    torch.manual_seed(recipe.seed)
    network = SPECS[name].build()
    train(network, recipe, log)
    saved = {"origin": origin(name, recipe), "log": lines, "state": network.state_dict()}
    states.mkdir(parents=True, exist_ok=True)
    torch.save(saved, states / f"{name}.pt")
    return saved


def split_accuracies(module: torch.jit.ScriptModule) -> Dict[str, List[float]]:
    """Per split, the accuracy of each stage."""
    images, labels = image_data.load("t10k")
    with torch.inference_mode():
        return {
            split: accuracy(
                lambda x: image_export.run_stages(module, x),
                images[first : last + 1],
                labels[first : last + 1],
            )
            for split, (first, last) in image_data.SPLITS.items()
        }


def export(name: str, saved: dict, out: Path, log: Callable[[str], None]) -> Exported:
    """Write the fastest export of one network that can be deployed."""
    network = image_export.deployable(name, saved["state"])
    burst = image_data.load("t10k")[0][: image_export.BURST]
    candidates = image_export.compare(network, burst, COMPARE_ROUNDS)
    kept = image_export.fastest(candidates)
    for candidate_name, candidate in candidates.items():
        log(f"{name}: {candidate_name}: {candidate}")
    log(f"{name}: kept {kept}, the fastest that can be deployed")

    file = out / f"{name}.pt"
    torch.jit.save(candidates[kept].module, str(file))
    accuracies = split_accuracies(torch.jit.load(str(file)))
    parameters = sum(p.numel() for p in network.parameters())
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    entry = {
        "name": name,
        "file": file.name,
        "kind": "anytime" if isinstance(SPECS[name], AnytimeSpec) else "traditional",
        "sha256": sha256,
        "parameters": parameters,
        "accuracy": accuracies["profiling"],
    }
    stages = zip(candidates[kept].latency_s, accuracies["profiling"], accuracies["evaluation"])
    rows = [
        f"{name:15} {stage:5} {parameters:10} {1e3 * latency_s:10.2f} {1 - profiling:9.2%}"
        f" {1 - evaluation:10.2%} {file.stat().st_size:8} {sha256}"
        for stage, (latency_s, profiling, evaluation) in enumerate(stages, 1)
    ]
    return Exported(entry, rows)


def suite(models: List[dict]) -> dict:
    return {
        "schema_version": 1,
        "name": "image",
        "task": "image-classification",
        "metric": "top-1 accuracy",
        "classes": CLASSES,
        "q_fail": 1 / CLASSES,
        "data": {
            "format": "idx",
            "images": str(image_data.images_file("t10k")),
            "labels": str(image_data.labels_file("t10k")),
            "debian_package": image_data.DEBIAN_PACKAGE,
            "license": "MIT (Zalando SE)",
            "splits": image_data.SPLITS,
        },
        "models": models,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the suite")
    parser.add_argument(
        "--states",
        type=Path,
        default=Path("build/image-states"),
        help="trained weights, reused while their recipe is unchanged (default: %(default)s)",
    )
    parser.add_argument(
        "--only",
        choices=SPECS,
        metavar="NAME",
        help="train only this network; export it and those trained before",
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    keep_freed_memory()

    lines = [f"torch {torch.__version__}; latencies of a burst of {image_export.BURST}, one thread"]
    exported: List[Exported] = []

    def log(line: str) -> None:
        lines.append(line)
        to_stderr(line)

    args.out.mkdir(parents=True, exist_ok=True)
    for name, recipe in RECIPES.items():
        saved = saved_training(name, recipe, args.states)
        if saved is None:
            if args.only not in (None, name):
                to_stderr(f"{name}: not trained yet, left out of the suite")
                continue
            saved = run_training(name, recipe, args.states)
        lines += saved["log"]
        exported.append(export(name, saved, args.out, log))
    log(TABLE_HEAD)
    for row in sum((e.table_rows for e in exported), []):
        log(row)
    models = [e.entry for e in exported]
    (args.out / "suite.json").write_text(json.dumps(suite(models), indent=2) + "\n")
    (args.out / "training.log").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
