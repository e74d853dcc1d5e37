"""Recorded Mandarin syllables from Debian's gcin-voice."""

import sys
from pathlib import Path
from typing import Tuple

import torch
from torch import Tensor

from train import clips

FOLDER = Path("/usr/share/gcin-voice/ogg")
DEBIAN_PACKAGE = "gcin-voice"
SETUP = "scripts/setup_speech.py"
LABELS = "data/labels.csv"  # in the suite's folder
LABELS_FILE = Path(__file__).parents[2] / "models/speech" / LABELS
TRAIN = (0, 1412)  # rows of labels.csv, inclusive, as in SPLITS
SPLITS = {"profiling": (1413, 1897), "evaluation": (1898, 2357)}
SAMPLE_RATE_HZ = 16000
SAMPLES = 4800  # of a clip: its first 0.3 s hold the onset
MAX_EARLY, MAX_LATE = 160, 640  # samples that augmentation shifts a clip by
MAX_SPEED_CHANGE = 0.12
MAX_GAIN_DB = 8.0
SNR_DB = (25.0, 60.0)  # of the noise that augmentation adds


def load(rows: Tuple[int, int]) -> Tuple[Tensor, Tensor]:
    """Clips [N, SAMPLES] and labels of some rows of labels.csv, first and last inclusive."""
    if not LABELS_FILE.exists():
        sys.exit(f"{LABELS_FILE} is missing; make it with: {SETUP}")
    chosen = slice(rows[0], rows[1] + 1)
    return clips.load(FOLDER, LABELS_FILE, chosen, SAMPLE_RATE_HZ, SAMPLES)


def augment(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each clip at random speed, shift and gain, in random white noise."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(x), 1, generator=generator)

    speed = uniform(1 - MAX_SPEED_CHANGE, 1 + MAX_SPEED_CHANGE)
    position = (torch.arange(SAMPLES) - uniform(-MAX_EARLY, MAX_LATE)) * speed
    inside = (position >= 0) & (position < SAMPLES - 1)
    left = position.clamp(0, SAMPLES - 2).long()
    share = position - left
    x = x.gather(1, left) * (1 - share) + x.gather(1, left + 1) * share
    x = torch.where(inside, x, 0.0)
    rms = x.square().mean(1, keepdim=True).sqrt()
    noise_rms = rms * 10 ** (-uniform(*SNR_DB) / 20)
    x = x + noise_rms * torch.randn(x.shape, generator=generator)
    return x * 10 ** (uniform(-MAX_GAIN_DB, MAX_GAIN_DB) / 20)
