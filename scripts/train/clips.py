"""Sound files as alert-bench reads them."""

import csv
import ctypes
from math import ceil
from pathlib import Path
from typing import Tuple

import numpy
import soundfile
import torch
from torch import Tensor

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


def resampled(samples: numpy.ndarray, ratio: float) -> numpy.ndarray:
    """The float32 mono signal at `ratio` times its sample rate."""
    libsamplerate = ctypes.CDLL("libsamplerate.so.0")
    samples = numpy.ascontiguousarray(samples, numpy.float32)
    out = numpy.empty(ceil(len(samples) * ratio) + 1, numpy.float32)
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


def read(file: Path, rate_hz: int, samples: int) -> Tensor:
    """A clip: channels averaged, resampled, cut or zero-padded at its end."""
    frames, file_rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    mono = frames.mean(axis=1)
    if file_rate_hz != rate_hz:
        mono = resampled(mono, rate_hz / file_rate_hz)
    clip = torch.zeros(samples)
    mono = torch.from_numpy(mono[:samples])
    clip[: len(mono)] = mono
    return clip


def load(
    folder: Path, labels: Path, rows: slice, rate_hz: int, samples: int
) -> Tuple[Tensor, Tensor]:
    """Clips [N, samples] and labels of some rows of a table with the header file,label,..."""
    with labels.open(encoding="utf-8", newline="") as file:
        chosen = list(csv.DictReader(file))[rows]
    clips = torch.stack([read(folder / row["file"], rate_hz, samples) for row in chosen])
    return clips, torch.tensor([int(row["label"]) for row in chosen])
