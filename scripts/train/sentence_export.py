"""TorchScript exports of the sentence networks, and the check that they keep what training made."""

import random
from typing import Callable, Dict, Iterator, List, Optional, Tuple

import torch
from torch import Tensor, nn

from train import sentence_data
from train.suite_training import timed_stages

ONE_WORD = "one word"
CATCH_UP_WORDS = 8
SKIPPED_SHARE = 0.3  # of the words in a check
TOLERANCE = 1e-3  # of logits


def read_word(
    module: nn.Module, x: Tensor, carried: List[Tensor], stages: Optional[int] = None
) -> Iterator[Tuple[Tensor, List[Tensor]]]:
    """Logits and state of each stage, through the interface that the harness uses.

    x: the words so far, int64 [1][n]; `carried`: what an earlier word of the sentence left;
    `stages`: how many to run (default: all).
    """
    if not hasattr(module, "num_stages"):
        yield module(x, carried)
        return
    state = module.start(x, carried)
    for k in range(1, 1 + (stages or module.num_stages())):
        logits, state = module.stage(k, state)
        yield logits, state


def check(module: torch.jit.ScriptModule, network: nn.Module, sentences: List[Tensor]) -> None:
    """Raise RuntimeError unless the module gives the trained network's logits, whatever ran before.

    It reads each sentence word by word; words drawn at random are left to another model, and an
    anytime module stops after a stage drawn anew for each word.
    """
    network.eval()
    draws = random.Random(1)
    for sentence in sentences:
        inputs, labels = sentence_data.batch([sentence])
        projected = network(inputs, torch.arange(len(labels)))
        wanted = [network.logits(projected, k + 1, slice(None)) for k in range(len(network.layers))]
        carried: List[Tensor] = []
        for n in range(1, len(labels) + 1):
            if draws.random() < SKIPPED_SHARE:
                continue
            stages = draws.randint(1, len(wanted))
            for k, (logits, state) in enumerate(read_word(module, inputs[:n].t(), carried, stages)):
                error = (logits[0] - wanted[k][n - 1]).abs().max()
                if error > TOLERANCE:
                    raise RuntimeError(f"word {n}, stage {k + 1}: logits differ by {error:.2g}")
            carried = state


def load_weights(network: nn.Module, module: nn.Module) -> nn.Module:
    """Give the form that trains the weights of a deployed module, as its file keeps them."""
    layers = [module.layer] if hasattr(module, "layer") else list(module.stages.children())
    with torch.no_grad():
        network.embedding.weight.copy_(torch.cat([d.embedding.weight for d in layers], 1))
        network.biases.copy_(torch.stack([d.bias for d in layers]))
        for layer, deployed in zip(network.layers, layers):
            layer.lstm.weight_ih_l0.copy_(deployed.input_weight.weight)
            layer.lstm.weight_hh_l0.copy_(deployed.recurrent_weight.weight)
            layer.lstm.bias_ih_l0.copy_(deployed.input_bias)
            layer.lstm.bias_hh_l0.copy_(deployed.recurrent_bias)
            layer.projection.weight.copy_(deployed.projection.weight)
            layer.projection.bias.copy_(deployed.projection_bias)
    return network


def timed_runs(module: nn.Module, sentence: Tensor) -> Dict[str, Callable[[], List[float]]]:
    """Runs for the last word of a sentence: with nothing else to read, and catching up."""
    inputs = sentence_data.batch([sentence])[0].t()

    def run(unread: int) -> Callable[[], List[float]]:
        carried: List[Tensor] = []
        with torch.inference_mode():
            for _, carried in read_word(module, inputs[:, :-unread], carried):
                pass
        return lambda: timed_stages(read_word(module, inputs, carried))

    return {ONE_WORD: run(1), f"after {CATCH_UP_WORDS} skipped words": run(1 + CATCH_UP_WORDS)}
