"""Training and scoring of one network of the sentence suite."""

import math
import random
from dataclasses import dataclass
from typing import Iterator, List

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train import sentence_data
from train.suite_training import Log, Step, one_cycle

SCORED_SENTENCES = 32  # per batch
FREQUENT, DRAWN = 600, 500  # classes in each batch's softmax: the first ones, and some of the rest


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
    right, loss, words = [0] * len(network.layers), [0.0] * len(network.layers), 0
    by_length = sorted(sentences, key=len)
    for first in range(0, len(by_length), SCORED_SENTENCES):
        inputs, labels = sentence_data.batch(by_length[first : first + SCORED_SENTENCES])
        positions = labelled(labels)
        y = labels.flatten()[positions]
        projected = network(inputs, positions)
        for i in range(len(network.layers)):
            logits = network.logits(projected, i + 1, slice(None))
            right[i] += int((logits.argmax(1) == y).sum())
            loss[i] += float(F.cross_entropy(logits, y, reduction="sum"))
        words += len(y)
    return [Score(r / words, math.exp(l / words)) for r, l in zip(right, loss)]


@dataclass
class Candidates:
    """The classes that a batch's softmax goes over, an unbiased estimate of that over all."""

    classes: Tensor
    correction: Tensor  # added to their logits: a drawn class stands for several
    labels: Tensor  # indices into `classes`

    def loss(self, network: nn.Module, projected: Tensor, stage: int) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network.logits(projected, stage, self.classes)
        return F.cross_entropy(logits.float() + self.correction, self.labels)


def draw_candidates(labels: Tensor) -> Candidates:
    """The frequent words and the batch's labels, and a few of the others, which stand for all."""
    kept = torch.zeros(sentence_data.CLASSES, dtype=torch.bool)
    kept[:FREQUENT] = True
    kept[labels] = True
    others = (~kept).nonzero()[:, 0]
    drawn = others[torch.randperm(len(others))[:DRAWN]]
    classes = torch.cat([kept.nonzero()[:, 0], drawn])
    correction = torch.zeros(len(classes))
    correction[-DRAWN:] = math.log(len(others) / DRAWN)
    index = torch.empty(sentence_data.CLASSES, dtype=torch.long)
    index[classes] = torch.arange(len(classes))
    return Candidates(classes, correction, index[labels])


def train(network: nn.Module, recipe: Recipe, log: Log) -> None:
    """Train in place: one-cycle AdamW, sampled softmax, bfloat16 activations, float32 weights."""
    sentences = sentence_data.load(sentence_data.TRAIN)
    draws = random.Random(recipe.seed)
    stages = len(network.layers)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.peak_rate, weight_decay=recipe.weight_decay
    )
    steps = math.ceil(len(sentences) / recipe.batch)

    def epoch_of(epoch: int) -> Iterator[Step]:
        for chosen in sentence_data.shuffled_batches(sentences, recipe.batch, draws):
            inputs, labels = sentence_data.batch(chosen)
            positions = labelled(labels)
            y = labels.flatten()[positions]
            candidates = draw_candidates(y)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                projected = network(inputs, positions)
            last_loss = loss = candidates.loss(network, projected, stages)
            if stages > 1:
                early_loss = candidates.loss(network, projected, draws.randint(1, stages - 1))
                loss = last_loss + recipe.early_stage_weight * early_loss
            yield Step(loss, last_loss, len(y))

    one_cycle(network, optimizer, recipe, steps, epoch_of, log, recipe.gradient_norm)
