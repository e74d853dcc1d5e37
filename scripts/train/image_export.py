"""TorchScript exports of the image networks: the ways to export one, and how fast each runs."""

from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional

import torch
from torch import Tensor, nn

from train.image_models import SPECS, AnytimeResNet, AnytimeSpec
from train.suite_training import (
    ANYTIME_METHODS,
    check_export,
    median_latencies,
    run_stages,
    timed_stages,
)

BURST = 16  # images per input


def deployable(name: str, state: Dict[str, Tensor]) -> nn.Module:
    """The network as it is exported: the anytime one split into its stages."""
    spec = SPECS[name]
    network = spec.build()
    network.load_state_dict(state)
    if isinstance(spec, AnytimeSpec):
        network = AnytimeResNet(spec).copy_from(network)
    return network.eval()


def frozen(network: nn.Module, channels_last: bool) -> torch.jit.ScriptModule:
    network.normalise.channels_last = channels_last
    network.to(memory_format=torch.channels_last if channels_last else torch.contiguous_format)
    methods = ANYTIME_METHODS if isinstance(network, AnytimeResNet) else None
    return torch.jit.freeze(torch.jit.script(network), preserved_attrs=methods)


def optimized(network: nn.Module, channels_last: bool) -> torch.jit.ScriptModule:
    methods = ANYTIME_METHODS if isinstance(network, AnytimeResNet) else None
    return torch.jit.optimize_for_inference(frozen(network, channels_last), other_methods=methods)


EXPORTS: Dict[str, Callable[[nn.Module], torch.jit.ScriptModule]] = {
    "freeze": lambda network: frozen(network, channels_last=False),
    "freeze, channels_last": lambda network: frozen(network, channels_last=True),
    "optimize_for_inference": lambda network: optimized(network, channels_last=False),
    "optimize_for_inference, channels_last": lambda network: optimized(network, channels_last=True),
}


@dataclass
class Candidate:
    """One way to export a network."""

    module: Optional[torch.jit.ScriptModule] = None  # None where it could not be exported at all
    latency_s: List[float] = field(default_factory=list)  # to each stage; empty without a module
    problem: str = ""  # why it cannot be deployed

    def __str__(self) -> str:
        times = " ".join(f"{1e3 * seconds:.2f}" for seconds in self.latency_s)
        return f"{times or '-'} ms{f' (unusable: {self.problem})' if self.problem else ''}"


def compare(network: nn.Module, images: Tensor, rounds: int) -> Dict[str, Candidate]:
    candidates = {name: Candidate() for name in EXPORTS}
    for name, export in EXPORTS.items():
        try:
            candidates[name].module = export(network)
            check_export(candidates[name].module, network, images)
        except RuntimeError as error:
            candidates[name].problem = str(error).strip().splitlines()[-1]
    runs = {
        name: lambda module=c.module: timed_stages(run_stages(module, images))
        for name, c in candidates.items()
        if c.module is not None
    }
    for name, latency_s in median_latencies(runs, rounds).items():
        candidates[name].latency_s = latency_s
    return candidates


def fastest(candidates: Dict[str, Candidate]) -> str:
    usable = {name: c for name, c in candidates.items() if not c.problem}
    return min(usable, key=lambda name: usable[name].latency_s[-1])
