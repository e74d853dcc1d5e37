"""Architectures of the speech suite: CNNs and CRNNs, and one width-nested anytime CRNN."""

from dataclasses import dataclass
from typing import List, Tuple

import torch
from torch import Tensor, nn

from train.speech_data import SAMPLE_RATE_HZ

CLASSES = 36
WINDOW, HOP, FFT = 320, 80, 512  # samples: 20 ms, 5 ms, and the transform's length
MEL_BANDS = 40
POWER_FLOOR = 1e-4
MAX_MASKED_BANDS, MAX_MASKED_FRAMES = 8, 8
DROPOUT = 0.3

Strides = Tuple[Tuple[int, int], ...]  # per convolution: over bands, over frames


def mel_matrix() -> Tensor:
    """[MEL_BANDS, FFT // 2 + 1]: triangles, evenly spaced on the mel scale up to Nyquist."""
    nyquist_hz = SAMPLE_RATE_HZ / 2
    top_mel = 2595 * torch.log10(torch.tensor(1 + nyquist_hz / 700))
    edges_hz = 700 * (10 ** (torch.linspace(0, 1, MEL_BANDS + 2) * top_mel / 2595) - 1)
    low, centre, high = (edges_hz[i : i + MEL_BANDS, None] for i in range(3))
    bin_hz = torch.linspace(0, nyquist_hz, FFT // 2 + 1)
    rising, falling = (bin_hz - low) / (centre - low), (high - bin_hz) / (high - centre)
    return torch.minimum(rising, falling).clamp_min(0)


class LogMel(nn.Module):
    """Waveforms [B, samples] to normalised log-mel spectra [B, 1, bands, frames]."""

    def __init__(self) -> None:
        super().__init__()
        self.fft, self.hop, self.power_floor = FFT, HOP, POWER_FLOOR  # TorchScript sees no globals
        self.register_buffer("window", torch.hann_window(WINDOW))
        self.register_buffer("mel", mel_matrix())
        self.register_buffer("mean", torch.zeros(MEL_BANDS, 1))
        self.register_buffer("std", torch.ones(MEL_BANDS, 1))

    def fit(self, clips: Tensor) -> None:
        """Take the normalisation from the training clips."""
        bands = self.log_mel(clips).transpose(0, 1).flatten(1)
        self.mean.copy_(bands.mean(1, keepdim=True))
        self.std.copy_(bands.std(1, keepdim=True))

    def log_mel(self, x: Tensor) -> Tensor:
        spectrum = torch.stft(
            x,
            self.fft,
            self.hop,
            self.window.size(0),
            self.window,
            pad_mode="constant",
            return_complex=True,
        )
        power = spectrum.real.square() + spectrum.imag.square()
        return torch.log(torch.matmul(self.mel, power) + self.power_floor)

    def forward(self, x: Tensor) -> Tensor:
        return ((self.log_mel(x) - self.mean) / self.std).unsqueeze(1)


class SpecMask(nn.Module):
    """SpecAugment: in training, one random run of bands and one of frames are zero (the mean)."""

    def __init__(self) -> None:
        super().__init__()
        self.max_bands, self.max_frames = MAX_MASKED_BANDS, MAX_MASKED_FRAMES

    def run(self, x: Tensor, dim: int, longest: int) -> Tensor:
        """[B, size of dim]: true in each item's run."""
        length = torch.randint(longest + 1, (x.size(0), 1))
        first = (torch.rand(x.size(0), 1) * (x.size(dim) - length + 1)).long()
        place = torch.arange(x.size(dim))
        return (place >= first) & (place < first + length)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        bands = self.run(x, 2, self.max_bands)[:, None, :, None]
        frames = self.run(x, 3, self.max_frames)[:, None, None, :]
        return x.masked_fill(bands | frames, 0.0)


def conv_bn_relu(inputs: int, outputs: int, stride: Tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def bands_left(strides: Strides) -> int:
    bands = MEL_BANDS
    for stride, _ in strides:
        bands = (bands + stride - 1) // stride
    return bands


def to_sequence(x: Tensor) -> Tensor:
    """[B, channels, bands, frames] to [B, frames, channels * bands]."""
    return x.flatten(1, 2).transpose(1, 2)


def pooled(x: Tensor) -> Tensor:
    """[B, frames, features] to the mean and the maximum over frames, [B, 2 * features]."""
    return torch.cat([x.mean(1), x.amax(1)], 1)


class Recurrent(nn.Module):
    """Bidirectional GRU layers without their last hidden state."""

    def __init__(self, inputs: int, width: int, layers: int) -> None:
        super().__init__()
        self.gru = nn.GRU(inputs, width, layers, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.gru(x)[0]


@dataclass(frozen=True)
class CrnnSpec:
    channels: Tuple[int, ...]
    strides: Strides
    gru_width: int = 0  # of each direction
    gru_layers: int = 0  # none: a plain CNN

    def build(self) -> nn.Module:
        return Crnn(self)


class Crnn(nn.Module):
    def __init__(self, spec: CrnnSpec) -> None:
        super().__init__()
        self.log_mel = LogMel()
        self.mask = SpecMask()
        inputs = (1,) + spec.channels
        self.convs = nn.Sequential(*map(conv_bn_relu, inputs, spec.channels, spec.strides))
        features = spec.channels[-1] * bands_left(spec.strides)
        self.recurrent: nn.Module = nn.Identity()
        if spec.gru_layers:
            self.recurrent = Recurrent(features, spec.gru_width, spec.gru_layers)
            features = 2 * spec.gru_width
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(2 * features, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = to_sequence(self.convs(self.mask(self.log_mel(x))))
        return self.head(self.dropout(pooled(self.recurrent(x))))


@dataclass(frozen=True)
class AnytimeSpec:
    stage_channels: Tuple[Tuple[int, ...], ...]  # per stage: channels it adds to each convolution
    gru_widths: Tuple[int, ...]  # per stage, of each direction
    strides: Strides

    def build(self) -> nn.Module:
        return AnytimeCrnn(self)


class NestedStage(nn.Module):
    """The channels and the GRU that one stage adds; they read the earlier stages' too.

    The state is the log-mel spectrum, every convolution's output over all channels so far, and the
    outputs of all GRUs so far; the first stage finds only the spectrum in it.
    """

    def __init__(
        self,
        old_channels: Tuple[int, ...],
        new_channels: Tuple[int, ...],
        old_outputs: int,
        gru_width: int,
        strides: Strides,
    ) -> None:
        super().__init__()
        self.is_first = old_outputs == 0
        total = tuple(map(sum, zip(old_channels, new_channels)))
        inputs = (1,) + total
        self.convs = nn.ModuleList(map(conv_bn_relu, inputs, new_channels, strides))
        features = total[-1] * bands_left(strides)
        self.recurrent = Recurrent(features + old_outputs, gru_width, layers=1)
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(2 * (old_outputs + 2 * gru_width), CLASSES)

    def forward(self, state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        x = state[0]
        next_state = [x]
        for i, conv in enumerate(self.convs):
            x = conv(x) if self.is_first else torch.cat([state[i + 1], conv(x)], 1)
            next_state.append(x)
        x = to_sequence(x)
        if self.is_first:
            x = self.recurrent(x)
        else:
            x = torch.cat([state[-1], self.recurrent(torch.cat([x, state[-1]], 2))], 2)
        next_state.append(x)
        return self.head(self.dropout(pooled(x))), next_state


class AnytimeCrnn(nn.Module):
    """Width-nested CRNN: each stage adds channels to every convolution, a GRU, and classifies anew.

    After Wan et al., "Orthogonalized SGD and Nested Architectures for Anytime Neural Networks"
    (ICML 2020).
    """

    def __init__(self, spec: AnytimeSpec) -> None:
        super().__init__()
        self.log_mel = LogMel()
        self.mask = SpecMask()
        stages: List[nn.Module] = []
        channels, outputs = (0,) * len(spec.strides), 0
        for new_channels, width in zip(spec.stage_channels, spec.gru_widths):
            stages.append(NestedStage(channels, new_channels, outputs, width, spec.strides))
            channels = tuple(map(sum, zip(channels, new_channels)))
            outputs += 2 * width
        self.stages = nn.ModuleList(stages)

    @torch.jit.export
    def num_stages(self) -> int:
        return len(self.stages)

    @torch.jit.export
    def start(self, x: Tensor) -> List[Tensor]:
        return [self.mask(self.log_mel(x))]

    @torch.jit.export
    def stage(self, k: int, state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        """Logits of stage k in 1..num_stages() and the state for stage k + 1."""
        for i, stage in enumerate(self.stages):
            if i + 1 == k:
                return stage(state)
        raise ValueError("stage number out of range")


# Ordered by latency, the anytime network last.
SPECS = {
    "cnn-xs": CrnnSpec((6, 8, 8), strides=((2, 2), (2, 2), (2, 1))),
    "cnn-s": CrnnSpec((16, 24, 32), strides=((2, 2), (2, 2), (2, 1))),
    "crnn-s": CrnnSpec((16, 24, 32), ((2, 2), (2, 1), (2, 1)), gru_width=32, gru_layers=1),
    "crnn-m": CrnnSpec((32, 48, 64), ((2, 1), (2, 2), (2, 1)), gru_width=64, gru_layers=2),
    "crnn-l": CrnnSpec(
        (32, 32, 48, 48), ((2, 1), (1, 1), (2, 1), (2, 1)), gru_width=64, gru_layers=2
    ),
    "anytime-crnn": AnytimeSpec(
        stage_channels=((8, 8, 8), (8, 12, 12), (8, 12, 16), (8, 16, 20), (8, 16, 24)),
        gru_widths=(16, 24, 32, 40, 48),
        strides=((2, 1), (2, 2), (2, 1)),
    ),
}
