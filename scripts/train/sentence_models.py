"""Networks of the sentence suite: LSTM language models, one of them width-nested (anytime).

Each has two forms of the same weights: one that trains on batches, one that is exported and reads a
sentence word by word.
"""

from dataclasses import dataclass
from typing import List, Tuple, Union

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.sentence_data import CLASSES


class LSTMLayer(nn.Module):
    """One stage: an LSTM over its inputs, projected to the width of the stage's embedding."""

    def __init__(self, inputs: int, hidden: int, embedding: int, dropout: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden)
        self.projection = nn.Linear(hidden, embedding)
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.dropout(self.lstm(self.dropout(inputs))[0])


@dataclass(frozen=True)
class LSTMSpec:
    embedding: int
    hidden: int
    dropout: float

    def build(self) -> nn.Module:
        return NestedLSTM((self.embedding,), (self.hidden,), (self.dropout,))

    def deploy(self, network: nn.Module) -> nn.Module:
        return DeployedLSTM(network)


@dataclass(frozen=True)
class AnytimeSpec:
    embeddings: Tuple[int, ...]  # per stage: what it adds to the embedding
    hidden: Tuple[int, ...]  # per stage: width of its LSTM
    dropout: Tuple[float, ...]

    def build(self) -> nn.Module:
        return NestedLSTM(self.embeddings, self.hidden, self.dropout)

    def deploy(self, network: nn.Module) -> nn.Module:
        return DeployedAnytime(network)


class NestedLSTM(nn.Module):
    """The form that trains: each stage reads the words and all that the stages before it made.

    The words' embedding also scores the next word: stage k's logits come from the first k stages'
    columns of it, which is the sum of what each stage adds.
    """

    def __init__(
        self, embeddings: Tuple[int, ...], hidden: Tuple[int, ...], dropout: Tuple[float, ...]
    ) -> None:
        super().__init__()
        self.embeddings = embeddings
        self.embedding = nn.Embedding(CLASSES, sum(embeddings))
        self.biases = nn.Parameter(torch.zeros(len(hidden), CLASSES))
        self.layers = nn.ModuleList()
        inputs = 0
        for sizes in zip(hidden, embeddings, dropout):
            inputs += sizes[1]
            self.layers.append(LSTMLayer(inputs, *sizes))
            inputs += sizes[0]
        nn.init.normal_(self.embedding.weight, std=sum(embeddings) ** -0.5)

    def forward(self, words: Tensor, positions: Tensor) -> Tensor:
        """Projected outputs [P, embedding] at the given positions of the flattened words [T, B]."""
        made: List[Tensor] = []
        projected: List[Tensor] = []
        embedded = self.embedding(words).split(self.embeddings, 2)
        for layer, own in zip(self.layers, embedded):
            made.append(own)
            made.append(layer(torch.cat(made, 2)))
            projected.append(layer.projection(made[-1].flatten(0, 1)[positions]))
        return torch.cat(projected, 1)

    def logits(self, projected: Tensor, stage: int, classes: Union[Tensor, slice]) -> Tensor:
        """Logits [P, classes] of a stage, from 1."""
        width = sum(self.embeddings[:stage])
        weight = self.embedding.weight[classes, :width]
        return F.linear(projected[:, :width], weight, self.biases[:stage, classes].sum(0))


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
    """LSTMLayer for a single sentence, with the embedding and bias that it adds."""

    def __init__(self, layer: LSTMLayer, embedding: Tensor, bias: Tensor) -> None:
        super().__init__()
        lstm = layer.lstm
        self.embedding = CompactMatrix(embedding)
        self.input_weight = CompactMatrix(lstm.weight_ih_l0)
        self.recurrent_weight = CompactMatrix(lstm.weight_hh_l0)
        self.projection = CompactMatrix(layer.projection.weight)
        self.register_buffer("input_bias", lstm.bias_ih_l0.detach().clone())
        self.register_buffer("recurrent_bias", lstm.bias_hh_l0.detach().clone())
        self.register_buffer("projection_bias", layer.projection.bias.detach().clone())
        self.register_buffer("bias", bias.detach().clone())
        self.register_buffer("zeros", torch.zeros(1, 1, lstm.hidden_size))
        lower = lstm.input_size - embedding.size(1)
        self.register_buffer("nothing", torch.zeros(0, 1, lower))

    def begin(self) -> List[Tensor]:
        """The stage's part of an anytime state before the first word."""
        return [self.nothing, self.zeros, self.zeros]

    def embed(self, words: Tensor) -> Tensor:
        """[1][n] words as [n][1][embedding]."""
        return F.embedding(words.t(), self.embedding())

    def read(self, inputs: Tensor, cell: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        """Outputs [n][1][hidden] and the next cell (h, c); the first cell is an empty list."""
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


def deployed_layers(network: NestedLSTM) -> List[DeployedLayer]:
    embeddings = network.embedding.weight.split(network.embeddings, 1)
    return [DeployedLayer(*parts) for parts in zip(network.layers, embeddings, network.biases)]


class DeployedLSTM(nn.Module):
    """`carried` is the words read so far [1][n] and the LSTM's cell (h, c)."""

    def __init__(self, network: NestedLSTM) -> None:
        super().__init__()
        [self.layer] = deployed_layers(network)

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

    def __init__(self, network: NestedLSTM) -> None:
        super().__init__()
        self.stages = nn.ModuleList(deployed_layers(network))
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
    "lstm-l": LSTMSpec(embedding=128, hidden=512, dropout=0.3),
    "anytime-lstm": AnytimeSpec(
        embeddings=(24, 24, 32, 48), hidden=(32, 96, 160, 320), dropout=(0.0, 0.0, 0.1, 0.2)
    ),
}
