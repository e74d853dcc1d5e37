"""Training of one network of the image suite."""

from dataclasses import dataclass
from typing import Iterator, List

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train import image_data
from train.suite_training import Log, Step, one_cycle

SMALL_SIDE = 20  # pixels; half the work of 28


@dataclass(frozen=True)
class Recipe:
    epochs: int
    small_epochs: int = 0  # of the epochs, the first so many on images shrunk to SMALL_SIDE
    seed: int = 1
    batch: int = 64
    peak_rate: float = 0.1
    warmup_share: float = 0.25
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.05
    early_stage_weight: float = 0.5  # of an anytime stage's loss, where the last stage's weighs 1


def all_stages(network: nn.Module, images: Tensor) -> List[Tensor]:
    logits = network(images)
    return logits if isinstance(logits, list) else [logits]


def train(network: nn.Module, recipe: Recipe, log: Log) -> None:
    """Train in place: one-cycle SGD, bfloat16 activations over float32 weights."""
    images, labels = image_data.load("train")
    generator = torch.Generator().manual_seed(recipe.seed)
    network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=recipe.peak_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=True,
    )
    steps = len(images) // recipe.batch

    def epoch_of(epoch: int) -> Iterator[Step]:
        order = torch.randperm(len(images), generator=generator)
        for chosen in order[: steps * recipe.batch].split(recipe.batch):
            x, y = image_data.augment(images[chosen], generator), labels[chosen]
            if epoch <= recipe.small_epochs:
                x = F.interpolate(x, size=SMALL_SIDE, mode="bilinear", align_corners=False)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                stages = all_stages(network, x)
            losses = [
                F.cross_entropy(logits.float(), y, label_smoothing=recipe.label_smoothing)
                for logits in stages
            ]
            yield Step(losses[-1] + recipe.early_stage_weight * sum(losses[:-1]), losses[-1])

    one_cycle(network, optimizer, recipe, steps, epoch_of, log)
