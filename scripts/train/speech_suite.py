"""The speech suite, on gcin-voice's syllables: its recipes, export and suite.json."""

from pathlib import Path
from typing import Dict, List

import torch

from train import speech_data
from train.speech_models import CLASSES, SPECS, AnytimeSpec
from train.speech_training import Recipe, train
from train.suite_training import (
    ANYTIME_METHODS,
    Exported,
    Log,
    Suite,
    check_export,
    exported,
    median_latencies,
    run_stages,
    stage_accuracies,
    timed_stages,
)

RECIPES = {
    "cnn-xs": Recipe(epochs=40),
    "cnn-s": Recipe(epochs=40),
    "crnn-s": Recipe(epochs=60),
    "crnn-m": Recipe(epochs=25),
    "crnn-l": Recipe(epochs=45),
    "anytime-crnn": Recipe(epochs=30),
}
ROUNDS = 50  # of latency measurement


def split_accuracies(module: torch.jit.ScriptModule) -> Dict[str, List[float]]:
    """Per split, the accuracy of each stage."""
    with torch.inference_mode():
        return {
            split: stage_accuracies(lambda x: run_stages(module, x), *speech_data.load(rows))
            for split, rows in speech_data.SPLITS.items()
        }


def export(name: str, saved: dict, out: Path, log: Log) -> Exported:
    """Write one network, frozen."""
    network = SPECS[name].build()
    network.load_state_dict(saved["state"])
    network.eval()
    anytime = isinstance(SPECS[name], AnytimeSpec)
    module = torch.jit.freeze(
        torch.jit.script(network), preserved_attrs=ANYTIME_METHODS if anytime else None
    )
    first, _ = speech_data.SPLITS["profiling"]
    clip, _ = speech_data.load((first, first))
    check_export(module, network, clip)
    file = out / f"{name}.pt"
    torch.jit.save(module, str(file))

    deployed = torch.jit.load(str(file))
    latencies = median_latencies({name: lambda: timed_stages(run_stages(deployed, clip))}, ROUNDS)
    return exported(
        name,
        file,
        kind="anytime" if anytime else "traditional",
        parameters=sum(p.numel() for p in network.parameters()),
        latency_s=latencies[name],
        accuracies=split_accuracies(deployed),
    )


def manifest(models: List[dict]) -> dict:
    return {
        "schema_version": 1,
        "name": "speech",
        "task": "syllable-onset-recognition",
        "metric": "top-1 accuracy",
        "classes": CLASSES,
        "q_fail": 1 / CLASSES,
        "data": {
            "format": "audio",
            "folder": str(speech_data.FOLDER),
            "labels": speech_data.LABELS,
            "sample_rate_hz": speech_data.SAMPLE_RATE_HZ,
            "duration_s": speech_data.SAMPLES / speech_data.SAMPLE_RATE_HZ,
            "setup": speech_data.SETUP,
            "debian_package": speech_data.DEBIAN_PACKAGE,
            "license": "speaker 3: GPL-3 or LGPL-3; speaker 5: CC-BY-3",
            "description": "Recorded Mandarin syllables of two speakers; the class is the first"
            " Bopomofo symbol. Train, profiling and evaluation share no syllable apart from its"
            " tone. Speaker-dependent: both speakers are in every split. The 12 bare finals are in"
            " train only, so 24 of the 36 classes occur in profiling and evaluation.",
            "splits": speech_data.SPLITS,
        },
        "models": models,
    }


SUITE = Suite("speech", SPECS, RECIPES, train, export, manifest, timed="one clip")
