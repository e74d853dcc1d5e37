"""Architectures of the image suite: plain residual CNNs and one width-nested anytime ResNet."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Callable, List, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES = 10
Channels = Union[int, Tuple[int, ...]]  # of a plain layer, or of each stage in a nested one


class Normalise(nn.Module):
    """Pixels in [0, 1] to zero mean and unit variance, in the convolutions' memory format."""

    def __init__(self) -> None:
        super().__init__()
        self.mean, self.std = 0.2860, 0.3530  # Fashion-MNIST training pixels
        self.channels_last = True

    def forward(self, x: Tensor) -> Tensor:
        if self.channels_last:
            # contiguous(channels_last) is a no-op on one channel; these strides say it explicitly.
            x = x.reshape(x.size(0), x.size(2), x.size(3), 1).permute(0, 3, 1, 2)
        return (x - self.mean) / self.std


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


class ResidualBlock(nn.Module):
    def __init__(
        self, inputs: Channels, outputs: Channels, stride: int, make_conv: Callable = conv_bn
    ) -> None:
        super().__init__()
        self.conv1 = make_conv(inputs, outputs, 3, stride)
        self.conv2 = make_conv(outputs, outputs, 3, 1)
        same_shape = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same_shape else make_conv(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.shortcut(x))


def residual_blocks(
    widths: Sequence[Channels],
    blocks: Sequence[int],
    strides: Sequence[int],
    make_conv: Callable = conv_bn,
) -> nn.Sequential:
    layers: List[nn.Module] = []
    inputs = widths[0]
    for width, count, stride in zip(widths, blocks, strides):
        for i in range(count):
            layers.append(ResidualBlock(inputs, width, stride if i == 0 else 1, make_conv))
            inputs = width
    return nn.Sequential(*layers)


@dataclass(frozen=True)
class ResNetSpec:
    widths: Tuple[int, ...]  # channels at each resolution
    blocks: Tuple[int, ...]  # residual blocks at each resolution
    strides: Tuple[int, ...] = (1, 2, 2)

    def build(self) -> nn.Module:
        return ResNet(self)


class ResNet(nn.Module):
    def __init__(self, spec: ResNetSpec) -> None:
        super().__init__()
        self.normalise = Normalise()
        self.stem = conv_bn(1, spec.widths[0], 3, 1)
        self.blocks = residual_blocks(spec.widths, spec.blocks, spec.strides)
        self.head = nn.Linear(spec.widths[-1], CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(F.relu(self.stem(self.normalise(x))))
        return self.head(x.mean((2, 3)))


@dataclass(frozen=True)
class AnytimeSpec:
    stage_widths: Tuple[Tuple[int, ...], ...]  # per stage: channels it adds at each resolution
    blocks: Tuple[int, ...]
    strides: Tuple[int, ...] = (1, 2, 2)

    def build(self) -> nn.Module:
        return DenseNestedResNet(self)


class MaskedConv2d(nn.Conv2d):
    """A convolution whose outputs of stage k read inputs of stages up to k only."""

    def __init__(
        self, inputs: Tuple[int, ...], outputs: Tuple[int, ...], kernel: int, stride: int
    ) -> None:
        super().__init__(sum(inputs), sum(outputs), kernel, stride, kernel // 2, bias=False)
        stages = torch.arange(len(inputs))
        input_stage = stages.repeat_interleave(torch.tensor(inputs))
        output_stage = stages.repeat_interleave(torch.tensor(outputs))
        mask = (input_stage[None, :] <= output_stage[:, None]).float()
        self.register_buffer("mask", mask[:, :, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.mask, None, self.stride, self.padding)


def masked_conv_bn(
    inputs: Tuple[int, ...], outputs: Tuple[int, ...], kernel: int, stride: int
) -> nn.Sequential:
    return nn.Sequential(
        MaskedConv2d(inputs, outputs, kernel, stride), nn.BatchNorm2d(sum(outputs))
    )


class DenseNestedResNet(nn.Module):
    """The anytime network as it is trained: all stages in one pass of masked dense convolutions.

    Channels are ordered by stage. Same function as AnytimeResNet, three times as fast to train.
    """

    def __init__(self, spec: AnytimeSpec) -> None:
        super().__init__()
        widths = list(zip(*spec.stage_widths))  # per resolution: channels of each stage
        self.normalise = Normalise()
        self.stem = conv_bn(1, sum(widths[0]), 3, 1)
        self.blocks = residual_blocks(widths, spec.blocks, spec.strides, masked_conv_bn)
        self.heads = nn.ModuleList(nn.Linear(n, CLASSES) for n in accumulate(widths[-1]))

    def forward(self, x: Tensor) -> List[Tensor]:
        x = self.blocks(F.relu(self.stem(self.normalise(x)))).mean((2, 3))
        return [head(x[:, : head.in_features]) for head in self.heads]


class NestedBlock(nn.Module):
    """The channels one stage adds to a residual block; they read the earlier stages' too."""

    def __init__(
        self, old_in: int, new_in: int, old_out: int, new_out: int, stride: int
    ) -> None:
        super().__init__()
        self.old_in, self.old_out = old_in, old_out
        self.conv1 = conv_bn(old_in + new_in, new_out, 3, stride)
        self.conv2 = conv_bn(old_out + new_out, new_out, 3, 1)
        self.project = new_in != new_out or stride != 1
        self.shortcut = nn.Identity()
        if self.project:
            self.shortcut = conv_bn(old_in + new_in, new_out, 1, stride)

    def first(self, x: Tensor) -> Tensor:
        return F.relu(self.conv1(x))

    def second(self, x: Tensor, hidden: Tensor) -> Tensor:
        skip = x if self.project else x[:, self.old_in :]
        return F.relu(self.conv2(hidden) + self.shortcut(skip))


class NestedStage(nn.Module):
    """One stage of the anytime network.

    The state is the image, then every layer's output over all channels so far: stem, then two per
    block; the last is already pooled. The first stage finds only the image in it.
    """

    def __init__(self, old: Tuple[int, ...], new: Tuple[int, ...], spec: AnytimeSpec) -> None:
        super().__init__()
        self.old = old
        self.is_first = sum(old) == 0
        self.stem = conv_bn(1, new[0], 3, 1)
        blocks: List[nn.Module] = []
        old_in, new_in = old[0], new[0]
        for old_out, new_out, count, stride in zip(old, new, spec.blocks, spec.strides):
            for i in range(count):
                block_stride = stride if i == 0 else 1
                blocks.append(NestedBlock(old_in, new_in, old_out, new_out, block_stride))
                old_in, new_in = old_out, new_out
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Linear(old_in + new_in, CLASSES)

    def join(self, state: List[Tensor], layer: int, new: Tensor) -> Tensor:
        return new if self.is_first else torch.cat([state[layer], new], 1)

    def forward(self, state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        x = self.join(state, 1, F.relu(self.stem(state[0])))
        next_state = [state[0], x]
        last = len(self.blocks) - 1
        for i, block in enumerate(self.blocks):
            hidden = self.join(state, 2 * i + 2, block.first(x))
            new = block.second(x, hidden)
            if i == last:
                new = new.mean((2, 3))
            x = self.join(state, 2 * i + 3, new)
            next_state.append(hidden)
            next_state.append(x)
        return self.head(x), next_state


def copy_channels(target: nn.Sequential, source: nn.Sequential, first: int) -> None:
    """Copy the convolution and batch norm of one stage's output channels, which start at first."""
    conv, norm = target
    channels = slice(first, first + conv.out_channels)
    conv.weight.copy_(source[0].weight[channels, : conv.in_channels])
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(norm, name).copy_(getattr(source[1], name)[channels])


class AnytimeResNet(nn.Module):
    """Width-nested ResNet: each stage adds channels to every layer and classifies anew.

    After Wan et al., "Orthogonalized SGD and Nested Architectures for Anytime Neural Networks"
    (ICML 2020).
    """

    def __init__(self, spec: AnytimeSpec) -> None:
        super().__init__()
        self.normalise = Normalise()
        stages: List[nn.Module] = []
        old = (0,) * len(spec.blocks)
        for new in spec.stage_widths:
            stages.append(NestedStage(old, new, spec))
            old = tuple(o + n for o, n in zip(old, new))
        self.stages = nn.ModuleList(stages)

    @torch.no_grad()
    def copy_from(self, dense: DenseNestedResNet) -> "AnytimeResNet":
        for stage, dense_head in zip(self.stages, dense.heads):
            copy_channels(stage.stem, dense.stem, stage.old[0])
            for block, dense_block in zip(stage.blocks, dense.blocks):
                copy_channels(block.conv1, dense_block.conv1, block.old_out)
                copy_channels(block.conv2, dense_block.conv2, block.old_out)
                if block.project:
                    copy_channels(block.shortcut, dense_block.shortcut, block.old_out)
            stage.head.load_state_dict(dense_head.state_dict())
        return self

    @torch.jit.export
    def num_stages(self) -> int:
        return len(self.stages)

    @torch.jit.export
    def start(self, x: Tensor) -> List[Tensor]:
        return [self.normalise(x)]

    @torch.jit.export
    def stage(self, k: int, state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        """Logits of stage k in 1..num_stages() and the state for stage k + 1."""
        for i, stage in enumerate(self.stages):
            if i + 1 == k:
                return stage(state)
        raise ValueError("stage number out of range")


# Ordered by latency, the anytime network last.
SPECS = {
    "resnet-xxs": ResNetSpec((2, 3, 4), (1, 1, 1)),
    "resnet-xs": ResNetSpec((8, 12, 16), (1, 1, 1)),
    "resnet-s": ResNetSpec((16, 32, 32), (1, 1, 1)),
    "resnet-m": ResNetSpec((32, 48, 64), (1, 1, 1)),
    "resnet-l": ResNetSpec((32, 64, 96), (1, 2, 2)),
    "resnet-xl": ResNetSpec((64, 96, 96), (2, 2, 2)),
    "anytime-resnet": AnytimeSpec(
        stage_widths=(
            (3, 4, 4),
            (5, 6, 8),
            (8, 12, 16),
            (12, 16, 24),
            (16, 18, 28),
            (20, 24, 32),
        ),
        blocks=(1, 2, 2),
    ),
}
