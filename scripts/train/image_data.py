"""Fashion-MNIST from Debian's dataset-fashion-mnist."""

import gzip
import sys
from pathlib import Path
from typing import Tuple

import numpy
import torch
import torch.nn.functional as F
from torch import Tensor

FOLDER = Path("/usr/share/datasets/fashion-mnist")
DEBIAN_PACKAGE = "dataset-fashion-mnist"
SPLITS = {"profiling": (0, 4999), "evaluation": (5000, 9999)}  # test images, inclusive
MAX_SHIFT = 2  # pixels


def images_file(part: str) -> Path:
    return FOLDER / f"{part}-images-idx3-ubyte.gz"


def labels_file(part: str) -> Path:
    return FOLDER / f"{part}-labels-idx1-ubyte.gz"


def read_idx(path: Path, header_bytes: int) -> Tensor:
    if not path.exists():
        sys.exit(f"{path} is missing; install it with: apt install {DEBIAN_PACKAGE}")
    with gzip.open(path) as file:
        values = numpy.frombuffer(file.read(), numpy.uint8, offset=header_bytes)
    return torch.from_numpy(values.copy())


def load(part: str) -> Tuple[Tensor, Tensor]:
    """Images [N, 1, 28, 28] in [0, 1] and labels of part "train" or "t10k"."""
    images = read_idx(images_file(part), 16).reshape(-1, 1, 28, 28).float() / 255
    return images, read_idx(labels_file(part), 8).long()


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image flipped at random and shifted by up to MAX_SHIFT pixels."""
    count, _, height, width = images.shape
    flips = torch.rand(count, 1, 1, generator=generator) < 0.5
    shifts = torch.randint(0, 2 * MAX_SHIFT + 1, (2, count, 1, 1), generator=generator)
    rows = torch.arange(height)[None, :, None] + shifts[0]
    columns = torch.arange(width)[None, None, :]
    columns = torch.where(flips, width - 1 - columns, columns) + shifts[1]
    padded = F.pad(images[:, 0], [MAX_SHIFT] * 4)
    return padded[torch.arange(count)[:, None, None], rows, columns][:, None]
