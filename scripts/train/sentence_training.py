"""Training and scoring of one network of the sentence suite."""

import math
import random
import time
from dataclasses import dataclass
from typing import Callable, List

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import sentence_data

SCORED_SENTENCES = 32  # per batch


@dataclass(frozen=True)
class Recipe:
    epochs: int
    seed: int = 1
    batch: int = 64  # sentences
    peak_rate: float = 4e-3
    warmup_share: float = 0.15
    weight_decay: float = 1e-2
    gradient_norm: float = 1.0
    early_stage_weight: float = 1.0  # of one early anytime stage's loss, another for each batch


@dataclass
class Score:
    accuracy: float
    perplexity: float


def labelled(labels: Tensor) -> Tensor:
    """Positions of the flattened labels that are no padding."""
    return (labels.flatten() != sentence_data.NO_LABEL).nonzero()[:, 0]


@torch.no_grad()
def scores(network: nn.Module, sentences: List[Tensor]) -> List[Score]:
    """Per stage, over every word of the sentences."""
    network.eval()
    right, loss, words = 0.0, 0.0, 0
    by_length = sorted(sentences, key=len)
    for first in range(0, len(by_length), SCORED_SENTENCES):
        inputs, labels = sentence_data.batch(by_length[first : first + SCORED_SENTENCES])
        positions = labelled(labels)
        y = labels.flatten()[positions]
        logits = torch.stack(network(inputs, positions))
        right = right + (logits.argmax(2) == y).sum(1)
        loss = loss + torch.stack([F.cross_entropy(stage, y, reduction="sum") for stage in logits])
        words += len(y)
    return [Score(float(r) / words, math.exp(float(l) / words)) for r, l in zip(right, loss)]


def train(network: nn.Module, recipe: Recipe, log: Callable[[str], None]) -> None:
    """Train in place: one-cycle AdamW, bfloat16 activations over float32 weights."""
    sentences = sentence_data.load(sentence_data.TRAIN)
    shuffle = random.Random(recipe.seed)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.peak_rate, weight_decay=recipe.weight_decay
    )
    steps = math.ceil(len(sentences) / recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        recipe.peak_rate,
        total_steps=recipe.epochs * steps,
        pct_start=recipe.warmup_share,
        cycle_momentum=False,
    )
    for epoch in range(1, recipe.epochs + 1):
        begin = time.monotonic()
        loss_sum, words = 0.0, 0
        network.train()
        for chosen in sentence_data.shuffled_batches(sentences, recipe.batch, shuffle):
            inputs, labels = sentence_data.batch(chosen)
            positions = labelled(labels)
            y = labels.flatten()[positions]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                stages = network(inputs, positions)
            last_loss = loss = F.cross_entropy(stages[-1].float(), y)
            if len(stages) > 1:
                early = shuffle.choice(stages[:-1]).float()
                loss = last_loss + recipe.early_stage_weight * F.cross_entropy(early, y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), recipe.gradient_norm)
            optimizer.step()
            schedule.step()
            loss_sum += last_loss.item() * len(y)
            words += len(y)
        log(
            f"epoch {epoch}/{recipe.epochs}: training loss {loss_sum / words:.4f},"
            f" {time.monotonic() - begin:.0f} s"
        )
