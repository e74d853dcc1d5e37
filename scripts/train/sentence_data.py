"""The King James Bible as scripts/setup_sentence.py writes it, as token ids."""

import random
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import torch
from torch import Tensor

SUITE = Path(__file__).resolve().parent.parent.parent / "models/sentence"
SENTENCES, VOCABULARY = Path("data/verses.txt"), Path("data/vocabulary.txt")  # in SUITE
DEBIAN_PACKAGE = "bible-kjv"
TRAIN = (0, 28044)  # lines, inclusive
SPLITS = {"profiling": (28045, 29528), "evaluation": (29529, 31101)}
UNKNOWN, START = 0, 1
CLASSES = 5691
NO_LABEL = -1
BUCKET_BATCHES = 20  # batches cut from one run of sentences that is sorted by length


def load(lines: Tuple[int, int]) -> List[Tensor]:
    """The sentences of the given lines, each int64 [words]."""
    if not (SUITE / SENTENCES).exists():
        sys.exit(f"{SUITE / SENTENCES} is missing; write it with: scripts/setup_sentence.py")
    tokens = (SUITE / VOCABULARY).read_text().splitlines()
    ids: Dict[str, int] = {token: i for i, token in enumerate(tokens)}
    sentences = (SUITE / SENTENCES).read_text().splitlines()[lines[0] : lines[1] + 1]
    return [torch.tensor([ids.get(word, UNKNOWN) for word in s.split()]) for s in sentences]


def batch(sentences: List[Tensor]) -> Tuple[Tensor, Tensor]:
    """Inputs, led by START, and labels, padded by NO_LABEL: both [longest sentence, sentences]."""
    labels = torch.nn.utils.rnn.pad_sequence(sentences, padding_value=NO_LABEL)
    start = torch.full((1, len(sentences)), START)
    return torch.cat([start, labels[:-1].clamp(min=UNKNOWN)]), labels


def shuffled_batches(
    sentences: List[Tensor], size: int, shuffle: random.Random
) -> List[List[Tensor]]:
    """All sentences in batches of similar length, in random order."""
    order = sentences[:]
    shuffle.shuffle(order)
    batches: List[List[Tensor]] = []
    for first in range(0, len(order), size * BUCKET_BATCHES):
        bucket = sorted(order[first : first + size * BUCKET_BATCHES], key=len)
        batches += [bucket[i : i + size] for i in range(0, len(bucket), size)]
    shuffle.shuffle(batches)
    return batches
