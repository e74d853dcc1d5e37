#!/usr/bin/python3
"""The TorchScript modules of tests/suite/runtime_test.cpp, into the folder given.

An item is 4 numbers, and there are 4 classes: the right logits are the items themselves.
"""

import sys
from pathlib import Path
from typing import List, Tuple

import torch
from torch import Tensor, nn


class Identity(nn.Module):
    """In eval mode only."""

    def forward(self, x: Tensor) -> Tensor:
        return -x if self.training else x


class Transposed(nn.Module):
    """Not contiguous, though of the right shape."""

    def forward(self, x: Tensor) -> Tensor:
        return x.t().contiguous().t()


class Throws(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise ValueError("this input is not to my taste")


class NotFinite(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / 0.0


class WrongShape(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, :3]


class WrongType(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.double()


class NotATensor(nn.Module):
    def forward(self, x: Tensor) -> List[Tensor]:
        return [x]


class Anytime(nn.Module):
    """Stage k gives k * x. The state counts the stages done, so that a lost one shows."""

    @torch.jit.export
    def num_stages(self) -> int:
        return 3

    @torch.jit.export
    def start(self, x: Tensor) -> List[Tensor]:
        return [x, torch.zeros(1)]

    @torch.jit.export
    def stage(self, k: int, state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        done = state[1] + 1
        assert int(done) == k, "stages out of order"
        return state[0] * done, [state[0], done]


class AnytimeFloatStages(Anytime):
    @torch.jit.export
    def num_stages(self) -> float:
        return 3.0


class AnytimeThrows(Anytime):
    """In the second stage."""

    @torch.jit.export
    def stage(self, k: int, state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        assert k == 1, "only one stage works"
        return state[0], state


class AnytimeUncounted(nn.Module):
    @torch.jit.export
    def start(self, x: Tensor) -> List[Tensor]:
        return [x]

    @torch.jit.export
    def stage(self, k: int, state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        return state[0], state


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for module in (Identity, Transposed, Throws, NotFinite, WrongShape, WrongType, NotATensor, Anytime,
               AnytimeFloatStages, AnytimeThrows, AnytimeUncounted):
    torch.jit.script(module().train()).save(str(folder / f"{module.__name__}.pt"))
torch.save(nn.Linear(4, 4).state_dict(), folder / "Weights.pt")
(folder / "Text.pt").write_text("not a module\n")
