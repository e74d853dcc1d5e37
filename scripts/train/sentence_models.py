"""Networks of the sentence suite: LSTM language models, one of them width-nested (anytime).

Each has two forms of the same weights: one that trains on batches, one that is exported and reads a
sentence word by word.
"""

from dataclasses import dataclass
from itertools import accumulate
from typing import List, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sentence_data import CLASSES


class LSTMLayer(nn.Module):
    """One LSTM over embedded words; its outputs, projected, score all words by the same embedding."""

    def __init__(self, inputs: int, embedding: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(CLASSES, embedding)
        self.lstm = nn.LSTM(inputs + embedding, hidden)
        self.projection = nn.Linear(hidden, embedding)
        self.bias = nn.Parameter(torch.zeros(CLASSES))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.embedding.weight, std=embedding**-0.5)

    def read(self, words: Tensor, lower: List[Tensor]) -> Tuple[Tensor, Tensor]:
        """Embeddings and outputs, both [T, B, ...]; `lower` is what earlier stages made of the words."""
        embedded = self.dropout(self.embedding(words))
        return embedded, self.dropout(self.lstm(torch.cat(lower + [embedded], 2))[0])

    def scores(self, outputs: Tensor) -> Tensor:
        """Logits [N, CLASSES] of the next words from outputs [N, hidden]."""
        return F.linear(self.projection(outputs), self.embedding.weight, self.bias)


@dataclass(frozen=True)
class LSTMSpec:
    embedding: int
    hidden: int
    dropout: float

    def build(self) -> nn.Module:
        return NestedLSTM([LSTMLayer(0, self.embedding, self.hidden, self.dropout)])

    def deploy(self, network: nn.Module) -> nn.Module:
        return DeployedLSTM(network.layers[0])


@dataclass(frozen=True)
class AnytimeSpec:
    embeddings: Tuple[int, ...]  # per stage: what it adds to the embedding
    hidden: Tuple[int, ...]  # per stage: width of its LSTM
    dropout: Tuple[float, ...]

    def build(self) -> nn.Module:
        lower = [0, *accumulate(e + h for e, h in zip(self.embeddings, self.hidden))]
        return NestedLSTM(
            [LSTMLayer(*sizes) for sizes in zip(lower, self.embeddings, self.hidden, self.dropout)]
        )

    def deploy(self, network: nn.Module) -> nn.Module:
        return DeployedAnytime(network.layers)


class NestedLSTM(nn.Module):
    """The form that trains: each layer reads the words and all that the layers before it made."""

    def __init__(self, layers: List[LSTMLayer]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, words: Tensor, positions: Tensor) -> List[Tensor]:
        """Per stage the logits [P, CLASSES] at the given positions of the flattened words [T, B]."""
        made: List[Tensor] = []
        logits: List[Tensor] = []
        for layer in self.layers:
            embedded, outputs = layer.read(words, made)
            made += [embedded, outputs]
            added = layer.scores(outputs.flatten(0, 1)[positions])
            logits.append(logits[-1] + added if logits else added)
        return logits


class CompactMatrix(nn.Module):
    """A float32 matrix that is saved as int8 with a scale per row."""

    weight: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach().clone())

    def forward(self) -> Tensor:
        return self.weight

    @torch.jit.export
    def __getstate__(self) -> Tuple[Tensor, Tensor, bool]:
        scale = self.weight.abs().amax(1, keepdim=True).clamp(min=1e-9) / 127
        return (self.weight / scale).round().to(torch.int8), scale, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[Tensor, Tensor, bool]) -> None:
        self.weight = state[0].float() * state[1]
        self.training = state[2]


class DeployedLayer(nn.Module):
    """LSTMLayer for a single sentence, without dropout."""

    def __init__(self, layer: LSTMLayer) -> None:
        super().__init__()
        lstm = layer.lstm
        self.embedding = CompactMatrix(layer.embedding.weight)
        self.input_weight = CompactMatrix(lstm.weight_ih_l0)
        self.recurrent_weight = CompactMatrix(lstm.weight_hh_l0)
        self.projection = CompactMatrix(layer.projection.weight)
        self.register_buffer("input_bias", lstm.bias_ih_l0.detach().clone())
        self.register_buffer("recurrent_bias", lstm.bias_hh_l0.detach().clone())
        self.register_buffer("projection_bias", layer.projection.bias.detach().clone())
        self.register_buffer("bias", layer.bias.detach().clone())
        self.register_buffer("zeros", torch.zeros(1, 1, lstm.hidden_size))
        lower = lstm.input_size - layer.embedding.embedding_dim
        self.register_buffer("nothing", torch.zeros(0, 1, lower))

    def begin(self) -> List[Tensor]:
        """The stage's part of an anytime state before the first word."""
        return [self.nothing, self.zeros, self.zeros]

    def embed(self, words: Tensor) -> Tensor:
        """[1][n] words as [n][1][embedding]."""
        return F.embedding(words.t(), self.embedding())

    def read(self, inputs: Tensor, cell: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        """The LSTM's outputs [n][1][hidden] and its next cell (h, c); it starts from an empty list."""
        weights = [
            self.input_weight(), self.recurrent_weight(), self.input_bias, self.recurrent_bias
        ]
        if len(cell) == 0:
            cell = [self.zeros, self.zeros]
        outputs, h, c = torch._VF.lstm(inputs, cell, weights, True, 1, 0.0, False, False, False)
        return outputs, [h, c]

    def scores(self, outputs: Tensor) -> Tensor:
        """Logits [1][CLASSES] of the word after the last."""
        projected = F.linear(outputs[-1], self.projection(), self.projection_bias)
        return F.linear(projected, self.embedding(), self.bias)


class DeployedLSTM(nn.Module):
    """`carried` is the words read so far [1][n] and the LSTM's cell (h, c)."""

    def __init__(self, layer: LSTMLayer) -> None:
        super().__init__()
        self.layer = DeployedLayer(layer)

    def forward(self, x: Tensor, carried: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        unread = x[:, carried[0].size(1) :] if len(carried) > 0 else x
        outputs, cell = self.layer.read(self.layer.embed(unread), carried[1:])
        return self.layer.scores(outputs), [x] + cell


class DeployedAnytime(nn.Module):
    """Each stage is an LSTM that reads the words and all that the lower stages made of them.

    A state, and so what is carried to the next word, is
    - the words of the sentence so far [1][n], the logits of the last stage that ran [1][CLASSES],
    - per stage: `unread` [m][1][lower], what the lower stages made of the last m words, which this
      stage has not read yet, and its cell (h, c).
    A stage that some words skipped thus reads them when it next runs, and nothing is done twice.
    """

    def __init__(self, layers: nn.ModuleList) -> None:
        super().__init__()
        self.stages = nn.ModuleList(DeployedLayer(layer) for layer in layers)
        self.register_buffer("no_logits", torch.zeros(1, CLASSES))

    @torch.jit.export
    def num_stages(self) -> int:
        return len(self.stages)

    @torch.jit.export
    def start(self, x: Tensor, carried: List[Tensor]) -> List[Tensor]:
        state = [x, self.no_logits]
        read = 0
        if len(carried) > 0:
            state += carried[2:]
            read = carried[0].size(1)
        else:
            for stage in self.stages:
                state += stage.begin()
        state[2] = x.new_empty([x.size(1) - read, 1, 0], dtype=torch.float)
        return state

    @torch.jit.export
    def stage(self, k: int, state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        """Logits of stage k in 1..num_stages() and the state for stage k + 1."""
        for i, stage in enumerate(self.stages):
            if i + 1 == k:
                own = 2 + 3 * i  # where this stage's part of the state begins
                state = state[:]
                x, unread = state[0], state[own]
                inputs = torch.cat([unread, stage.embed(x[:, x.size(1) - unread.size(0) :])], 2)
                outputs, cell = stage.read(inputs, state[own + 1 : own + 3])
                state[1] = state[1] + stage.scores(outputs)
                state[own], state[own + 1], state[own + 2] = unread[:0], cell[0], cell[1]
                if k < len(self.stages):
                    made = torch.cat([inputs, outputs], 2)
                    state[own + 3] = torch.cat([state[own + 3], made])
                return state[1], state
        raise ValueError("stage number out of range")


# Ordered by latency, the anytime network last.
SPECS = {
    "lstm-xxs": LSTMSpec(embedding=24, hidden=24, dropout=0.0),
    "lstm-xs": LSTMSpec(embedding=48, hidden=96, dropout=0.0),
    "lstm-s": LSTMSpec(embedding=64, hidden=192, dropout=0.1),
    "lstm-m": LSTMSpec(embedding=96, hidden=320, dropout=0.2),
    "lstm-l": LSTMSpec(embedding=128, hidden=448, dropout=0.3),
    "lstm-xl": LSTMSpec(embedding=128, hidden=640, dropout=0.4),
    "anytime-lstm": AnytimeSpec(
        embeddings=(24, 24, 32, 48), hidden=(32, 96, 160, 320), dropout=(0.0, 0.0, 0.1, 0.3)
    ),
}
