"""The sentence suite, on the King James Bible: its recipes, export and suite.json."""

from pathlib import Path
from typing import List

import torch

from train import sentence_data, sentence_export, sentence_training
from train.sentence_models import SPECS, AnytimeSpec
from train.sentence_training import Recipe, train
from train.suite_training import Exported, Log, Suite, exported, median_latencies, sha256

RECIPES = {
    "lstm-xxs": Recipe(epochs=3),
    "lstm-xs": Recipe(epochs=3),
    "lstm-s": Recipe(epochs=3),
    "lstm-m": Recipe(epochs=3),
    "lstm-l": Recipe(epochs=3),
    "anytime-lstm": Recipe(epochs=3),
}
CHECKED_SENTENCES = 20
TIMED_WORDS = 20  # of the sentence whose last word is timed
TIMING_ROUNDS = 200


def export(name: str, saved: dict, out: Path, log: Log) -> Exported:
    """Write one network as TorchScript; score it with the weights that its file gives back."""
    spec = SPECS[name]
    network = spec.build()
    network.load_state_dict(saved["state"])
    file = out / f"{name}.pt"
    torch.jit.save(torch.jit.script(spec.deploy(network).eval()), str(file))
    module = torch.jit.load(str(file))

    splits = {split: sentence_data.load(lines) for split, lines in sentence_data.SPLITS.items()}
    trained = sentence_training.scores(network, splits["profiling"])[-1]
    sentence_export.load_weights(network, module)
    stored = {split: sentence_training.scores(network, s) for split, s in splits.items()}
    with torch.inference_mode():
        sentence_export.check(module, network, splits["profiling"][:CHECKED_SENTENCES])
    kept = stored["profiling"][-1]
    log(
        f"{name}: trained weights: profiling error {1 - trained.accuracy:.2%}, perplexity"
        f" {trained.perplexity:.2f}; as int8: {1 - kept.accuracy:.2%}, {kept.perplexity:.2f}"
    )

    sentence = next(s for s in splits["profiling"] if len(s) == TIMED_WORDS)
    runs = sentence_export.timed_runs(module, sentence)
    latencies = median_latencies(runs, TIMING_ROUNDS)
    for run, seconds in latencies.items():
        log(f"{name}: {run}: {' '.join(f'{1e3 * s:.2f}' for s in seconds)} ms")
    return exported(
        name,
        file,
        kind="anytime" if isinstance(spec, AnytimeSpec) else "traditional",
        parameters=sum(p.numel() for p in network.parameters()),
        latency_s=latencies[sentence_export.ONE_WORD],
        accuracies={split: [s.accuracy for s in stages] for split, stages in stored.items()},
        perplexity=[s.perplexity for s in stored["profiling"]],
    )


def manifest(models: List[dict]) -> dict:
    sources = {
        "sentences": sentence_data.SENTENCES,
        "vocabulary": sentence_data.VOCABULARY,
    }
    return {
        "schema_version": 1,
        "name": "sentence",
        "task": "next-word-prediction",
        "metric": "next-word accuracy",
        "classes": sentence_data.CLASSES,
        "q_fail": 0.0,
        "data": {
            "format": "text",
            **{name: str(file) for name, file in sources.items()},
            "sha256": {name: sha256(sentence_data.SUITE / file) for name, file in sources.items()},
            "setup": "scripts/setup_sentence.py",
            "debian_package": sentence_data.DEBIAN_PACKAGE,
            "license": "public domain (outside the United Kingdom)",
            "splits": sentence_data.SPLITS,
        },
        "models": models,
    }


SUITE = Suite(
    "sentence", SPECS, RECIPES, train, export, manifest, timed=f"word {TIMED_WORDS} of a sentence"
)
