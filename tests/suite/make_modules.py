#!/usr/bin/python3
"""The TorchScript modules of tests/suite/runtime_test.cpp and tests/cli/timeout_test.py, into the
folder given.

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


class InPlace(nn.Module):
    """Centres its input where it lies, and gives that memory another shape."""

    def forward(self, x: Tensor) -> Tensor:
        x.sub_(1.0)
        return x.t_().contiguous().t() + 1.0


class Throws(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise ValueError("this input is not to my taste")


class ThrowsTwoLines(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.numel() > 1:
            raise ValueError("too many items,\nbe content with one")
        return x


class OneItem(nn.Module):
    """To be traced: there LibTorch tells the Python code too."""

    def forward(self, x: Tensor) -> Tensor:
        return x.view(1, 4)


class NoSuchDevice(nn.Module):
    """LibTorch's reason is followed by a list of all that it has."""

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.zeros(4, device="cuda:0")


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


class Sequential(nn.Module):
    """Carries the words it has read. Logits: words read now, the last, the last carried, 0."""

    def forward(self, x: Tensor, carried: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        read, before = 0, 0.0
        if len(carried) > 0:
            read, before = carried[0].size(1), float(carried[0][0, -1])
        new = x[0, read:]
        carried.clear()  # must not change what the caller holds
        carried.append(x)
        return torch.tensor([[float(new.size(0)), float(new[-1]), before, 0.0]]), carried


class SequentialInPlace(nn.Module):
    """Counts the words it has read, in the memory of what it is given and in its own. Logits: words
    before this input, 0, 0, 0."""

    def __init__(self):
        super().__init__()
        self.register_buffer("words", torch.zeros(1))

    def forward(self, x: Tensor, carried: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        if len(carried) > 0:
            self.words.copy_(carried[0])
            carried[0].fill_(-1.0)
        else:
            self.words.fill_(0.0)
        logits = torch.cat([self.words, torch.zeros(3)])[None]
        self.words.fill_(float(x.size(1)))
        return logits, [self.words]


class AnytimeSequential(nn.Module):
    """Carries how many words each stage has read. Logits: words that stage 1 has read now, the last
    word, words that stage 2 has read now, 0."""

    @torch.jit.export
    def num_stages(self) -> int:
        return 2

    @torch.jit.export
    def start(self, x: Tensor, carried: List[Tensor]) -> List[Tensor]:
        if len(carried) == 0:
            return [x, torch.tensor(0), torch.tensor(0), torch.tensor(0)]
        return [x, carried[1], carried[2], carried[1]]

    @torch.jit.export
    def stage(self, k: int, state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        words = torch.tensor(state[0].size(1))
        first = float(words - state[3])
        second = 0.0
        if k == 1:
            state[1] = words
        else:
            second = float(words - state[2])
            state[2] = words
        return torch.tensor([[first, float(state[0][0, -1]), second, 0.0]]), state


def loop_if_asked(x: Tensor) -> int:
    """For ever, where an item's first number is 1."""
    turns = 0
    while bool((x.flatten(1)[:, 0] == 1).any()):
        turns += 1
    return turns


class Loops(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) + loop_if_asked(x)


class AnytimeLoops(nn.Module):
    """In the second stage."""

    @torch.jit.export
    def num_stages(self) -> int:
        return 2

    @torch.jit.export
    def start(self, x: Tensor) -> List[Tensor]:
        return [x]

    @torch.jit.export
    def stage(self, k: int, state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        turns = loop_if_asked(state[0]) if k == 2 else 0
        return state[0].flatten(1) + turns, state


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for module in (Identity, Transposed, InPlace, Throws, ThrowsTwoLines, NoSuchDevice, NotFinite,
               WrongShape, WrongType, NotATensor, Anytime, AnytimeFloatStages, AnytimeThrows,
               AnytimeUncounted, Sequential, SequentialInPlace, AnytimeSequential,
               Loops, AnytimeLoops):
    torch.jit.script(module().train()).save(str(folder / f"{module.__name__}.pt"))
torch.jit.trace(OneItem(), torch.rand(1, 4)).save(str(folder / "Traced.pt"))
torch.save(nn.Linear(4, 4).state_dict(), folder / "Weights.pt")
torch.save(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), folder / "floats.tensor")
torch.save(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), folder / "items.tensor")
torch.save(torch.tensor([0, 2, 1]), folder / "integers.tensor")
torch.save(torch.tensor([1.0], dtype=torch.float64), folder / "doubles.tensor")
(folder / "Text.pt").write_text("not a module\n")
