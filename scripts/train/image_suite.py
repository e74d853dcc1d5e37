"""The image suite, on Fashion-MNIST: its recipes, export and suite.json."""

from pathlib import Path
from typing import Dict, List

import torch

from train import image_data, image_export
from train.image_models import CLASSES, SPECS, AnytimeSpec
from train.image_training import Recipe, train
from train.suite_training import Exported, Log, Suite, exported, run_stages, stage_accuracies

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


def split_accuracies(module: torch.jit.ScriptModule) -> Dict[str, List[float]]:
    """Per split, the accuracy of each stage."""
    images, labels = image_data.load("t10k")
    with torch.inference_mode():
        return {
            split: stage_accuracies(
                lambda x: run_stages(module, x),
                images[first : last + 1],
                labels[first : last + 1],
            )
            for split, (first, last) in image_data.SPLITS.items()
        }


def export(name: str, saved: dict, out: Path, log: Log) -> Exported:
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
    return exported(
        name,
        file,
        kind="anytime" if isinstance(SPECS[name], AnytimeSpec) else "traditional",
        parameters=sum(p.numel() for p in network.parameters()),
        latency_s=candidates[kept].latency_s,
        accuracies=split_accuracies(torch.jit.load(str(file))),
    )


def manifest(models: List[dict]) -> dict:
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


SUITE = Suite(
    "image", SPECS, RECIPES, train, export, manifest, timed=f"a burst of {image_export.BURST}"
)
