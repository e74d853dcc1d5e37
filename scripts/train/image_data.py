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


def read_idx(path: Path) -> Tensor:
    """The bytes of a file, plain or gzip, in the shape that its header gives."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        dimensions = file.read(4)[3]
        shape = numpy.frombuffer(file.read(4 * dimensions), ">u4")
        values = numpy.frombuffer(file.read(), numpy.uint8)
    return torch.from_numpy(values.reshape(shape).copy())


def load(part: str) -> Tuple[Tensor, Tensor]:
    """Images [N, 1, 28, 28] in [0, 1] and labels of part "train" or "t10k"."""
    if not FOLDER.exists():
        sys.exit(f"{FOLDER} is missing; install it with: apt-get install {DEBIAN_PACKAGE}")
    return read_idx(images_file(part))[:, None].float() / 255, read_idx(labels_file(part)).long()


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
