"""Recorded Mandarin syllables from Debian's gcin-voice."""

import csv
import ctypes
import sys
from math import ceil
from pathlib import Path
from typing import Tuple

import numpy
import soundfile
import torch
from torch import Tensor

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
SRC_SINC_MEDIUM_QUALITY = 1  # samplerate.h


class SrcData(ctypes.Structure):
    """SRC_DATA of samplerate.h."""

    _fields_ = [
        ("data_in", ctypes.c_void_p),
        ("data_out", ctypes.c_void_p),
        ("input_frames", ctypes.c_long),
        ("output_frames", ctypes.c_long),
        ("input_frames_used", ctypes.c_long),
        ("output_frames_gen", ctypes.c_long),
        ("end_of_input", ctypes.c_int),
        ("src_ratio", ctypes.c_double),
    ]


libsamplerate = ctypes.CDLL("libsamplerate.so.0")


def resampled(samples: numpy.ndarray, ratio: float) -> numpy.ndarray:
    """The float32 mono signal at `ratio` times its sample rate."""
    samples = numpy.ascontiguousarray(samples, numpy.float32)
    out = numpy.empty(ceil(len(samples) * ratio), numpy.float32)
    data = SrcData(
        data_in=samples.ctypes.data,
        data_out=out.ctypes.data,
        input_frames=len(samples),
        output_frames=len(out),
        src_ratio=ratio,
    )
    if libsamplerate.src_simple(ctypes.byref(data), SRC_SINC_MEDIUM_QUALITY, 1) != 0:
        raise RuntimeError(f"src_simple failed at ratio {ratio}")
    return out[: data.output_frames_gen]


def read_clip(file: Path) -> Tensor:
    """The clip as the harness reads it: mono at SAMPLE_RATE_HZ, cut or zero-padded at its end."""
    samples, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if rate_hz != SAMPLE_RATE_HZ:
        mono = resampled(mono, SAMPLE_RATE_HZ / rate_hz)
    clip = torch.zeros(SAMPLES)
    mono = torch.from_numpy(mono[:SAMPLES])
    clip[: len(mono)] = mono
    return clip


def load(rows: Tuple[int, int]) -> Tuple[Tensor, Tensor]:
    """Clips [N, SAMPLES] and labels of some rows of labels.csv, first and last inclusive."""
    if not LABELS_FILE.exists():
        sys.exit(f"{LABELS_FILE} is missing; make it with: {SETUP}")
    with LABELS_FILE.open(encoding="utf-8", newline="") as file:
        chosen = list(csv.DictReader(file))[rows[0] : rows[1] + 1]
    clips = torch.stack([read_clip(FOLDER / row["file"]) for row in chosen])
    return clips, torch.tensor([int(row["label"]) for row in chosen])


def augment(clips: Tensor, generator: torch.Generator) -> Tensor:
    """Each clip at random speed, shift and gain, in random white noise."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(clips), 1, generator=generator)

    speed = uniform(1 - MAX_SPEED_CHANGE, 1 + MAX_SPEED_CHANGE)
    position = (torch.arange(SAMPLES) - uniform(-MAX_EARLY, MAX_LATE)) * speed
    inside = (position >= 0) & (position < SAMPLES - 1)
    left = position.clamp(0, SAMPLES - 2).long()
    share = position - left
    x = clips.gather(1, left) * (1 - share) + clips.gather(1, left + 1) * share
    x = torch.where(inside, x, 0.0)
    rms = x.square().mean(1, keepdim=True).sqrt()
    noise_rms = rms * 10 ** (-uniform(*SNR_DB) / 20)
    x = x + noise_rms * torch.randn(x.shape, generator=generator)
    return x * 10 ** (uniform(-MAX_GAIN_DB, MAX_GAIN_DB) / 20)
