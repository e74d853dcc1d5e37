"""Training of one network of the speech suite."""

from dataclasses import dataclass
from typing import Iterator

import torch
import torch.nn.functional as F
from torch import nn

from train import speech_data
from train.suite_training import Log, Step, one_cycle, run_stages


@dataclass(frozen=True)
class Recipe:
    epochs: int
    seed: int = 1
    batch: int = 16
    peak_rate: float = 2e-3
    warmup_share: float = 0.2
    weight_decay: float = 0.02
    label_smoothing: float = 0.1
    early_stage_weight: float = 0.5  # of an anytime stage's loss, where the last stage's weighs 1
    largest_gradient: float = 5.0  # norm


def train(network: nn.Module, recipe: Recipe, log: Log) -> None:
    """Train in place: one-cycle AdamW on augmented clips."""
    clips, labels = speech_data.load(speech_data.TRAIN)
    generator = torch.Generator().manual_seed(recipe.seed)
    network.log_mel.fit(clips)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.peak_rate, weight_decay=recipe.weight_decay
    )
    steps = len(clips) // recipe.batch

    def epoch_of(epoch: int) -> Iterator[Step]:
        order = torch.randperm(len(clips), generator=generator)
        for chosen in order[: steps * recipe.batch].split(recipe.batch):
            x = speech_data.augment(clips[chosen], generator)
            losses = [
                F.cross_entropy(logits, labels[chosen], label_smoothing=recipe.label_smoothing)
                for logits in run_stages(network, x)
            ]
            yield Step(losses[-1] + recipe.early_stage_weight * sum(losses[:-1]), losses[-1])

    one_cycle(network, optimizer, recipe, steps, epoch_of, log, recipe.largest_gradient)
