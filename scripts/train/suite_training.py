"""What the training of all suites shares: saved trainings, measuring, suite.json, the log."""

import ctypes
import hashlib
import io
import json
import math
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional

import torch
from torch import Tensor, nn

ANYTIME_METHODS = ["num_stages", "start", "stage"]
TABLE_HEAD = (
    "model             stage parameters latency_ms profiling evaluation    bytes sha256\n"
    "                                   one thread     error      error"
)

Log = Callable[[str], None]


def keep_freed_memory() -> None:
    """Have glibc keep freed memory: page faults on fresh tensors outweigh the layers otherwise."""
    m_trim_threshold, m_mmap_max = -1, -4  # malloc.h
    libc = ctypes.CDLL(None)
    libc.mallopt(m_mmap_max, 0)
    libc.mallopt(m_trim_threshold, 2**31 - 1)


def to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def saved_training(name: str, spec: Any, recipe: Any, states: Path) -> Optional[dict]:
    """What an earlier run trained by this very spec and recipe, if any."""
    file = states / f"{name}.pt"
    saved = torch.load(file) if file.exists() else None
    return saved if saved and saved["origin"] == [repr(spec), repr(recipe)] else None


def run_training(
    name: str, spec: Any, recipe: Any, states: Path, train: Callable[[nn.Module, Any, Log], None]
) -> dict:
    """Build the network of `spec`, train it by `recipe` and save its weights and log."""
    lines: List[str] = []

    def log(line: str) -> None:
        lines.append(f"{name}: {line}")
        to_stderr(lines[-1])

    origin = [repr(spec), repr(recipe)]
    for line in origin:
        log(line)
    torch.manual_seed(recipe.seed)
    network = spec.build()
    train(network, recipe, log)
    saved = {"origin": origin, "log": lines, "state": network.state_dict()}
    states.mkdir(parents=True, exist_ok=True)
    torch.save(saved, states / f"{name}.pt")
    return saved


@dataclass
class Step:
    """One batch of a training: its loss, and what the log tells of it."""

    loss: Tensor  # to descend
    last_loss: Tensor  # of the last stage
    weight: int = 1  # in the epoch's mean of last losses


def one_cycle(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    recipe: Any,
    steps: int,
    epoch_of: Callable[[int], Iterable[Step]],
    log: Log,
    largest_gradient: float = math.inf,
) -> None:
    """Train in place by the one-cycle schedule; `epoch_of` gives the `steps` of an epoch, from 1.

    `largest_gradient` is the norm that gradients are cut to.
    """
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        recipe.peak_rate,
        total_steps=recipe.epochs * steps,
        pct_start=recipe.warmup_share,
        cycle_momentum=False,
    )
    network.train()
    for epoch in range(1, recipe.epochs + 1):
        begin = time.monotonic()
        loss_sum, weight_sum = 0.0, 0
        for step in epoch_of(epoch):
            optimizer.zero_grad(set_to_none=True)
            step.loss.backward()
            if largest_gradient < math.inf:
                nn.utils.clip_grad_norm_(network.parameters(), largest_gradient)
            optimizer.step()
            schedule.step()
            loss_sum += step.last_loss.item() * step.weight
            weight_sum += step.weight
        log(
            f"epoch {epoch}/{recipe.epochs}: training loss {loss_sum / weight_sum:.4f},"
            f" {time.monotonic() - begin:.1f} s"
        )


def run_stages(module: nn.Module, x: Tensor) -> Iterator[Tensor]:
    """Logits of each stage, through the interface that the harness uses, on an input that the
    module may write to."""
    if not hasattr(module, "num_stages"):
        yield module(x.clone())
        return
    state = module.start(x.clone())
    for k in range(1, module.num_stages() + 1):
        logits, state = module.stage(k, state)
        yield logits


def check_export(module: torch.jit.ScriptModule, network: nn.Module, x: Tensor) -> None:
    """Raise RuntimeError unless the export survives a file and keeps the network's logits."""
    file = io.BytesIO()
    torch.jit.save(module, file)
    file.seek(0)
    loaded = torch.jit.load(file)
    with torch.inference_mode():
        for got, wanted in zip(run_stages(loaded, x), run_stages(network, x)):
            if not torch.allclose(got, wanted, rtol=1e-3, atol=1e-3):
                raise RuntimeError(f"logits differ by up to {(got - wanted).abs().max():.2g}")


@torch.no_grad()
def stage_accuracies(
    predict: Callable[[Tensor], Iterable[Tensor]], inputs: Tensor, labels: Tensor
) -> List[float]:
    """Share of inputs answered rightly, per stage; `predict` gives each stage's logits."""
    right: List[int] = []
    for x, y in zip(inputs.split(250), labels.split(250)):
        batch_right = [int((logits.argmax(1) == y).sum()) for logits in predict(x)]
        right = [a + b for a, b in zip(right, batch_right)] if right else batch_right
    return [count / len(labels) for count in right]


def median_latencies(
    runs: Dict[str, Callable[[], List[float]]], rounds: int, warmup: int = 10
) -> Dict[str, List[float]]:
    """Median seconds to each stage, one thread; the runs take turns, so noise hits all alike."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    samples: Dict[str, List[List[float]]] = {name: [] for name in runs}
    with torch.inference_mode():
        for turn in range(warmup + rounds):  # TorchScript recompiles itself in its first calls
            for name, run in runs.items():
                latencies = run()
                if turn >= warmup:
                    samples[name].append(latencies)
    torch.set_num_threads(threads)
    return {
        name: [statistics.median(stage) for stage in zip(*runs)] for name, runs in samples.items()
    }


def timed_stages(stages: Iterable[Any]) -> List[float]:
    """Seconds from the call to each item that `stages` gives: one run of a module."""
    begin = time.perf_counter()
    return [time.perf_counter() - begin for _ in stages]


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@dataclass
class Exported:
    entry: dict  # in suite.json
    table_rows: List[str]  # one per stage


def exported(
    name: str,
    file: Path,
    kind: str,
    parameters: int,
    latency_s: List[float],
    accuracies: Dict[str, List[float]],
    **more: Any,
) -> Exported:
    """The entry and table rows of a module saved in `file`; accuracies per split and stage."""
    entry = {
        "name": name,
        "file": file.name,
        "kind": kind,
        "sha256": sha256(file),
        "parameters": parameters,
        "accuracy": accuracies["profiling"],
        **more,
    }
    stages = zip(latency_s, accuracies["profiling"], accuracies["evaluation"])
    rows = [
        f"{name:17} {stage:5} {parameters:10} {1e3 * seconds:10.2f} {1 - profiling:9.2%}"
        f" {1 - evaluation:10.2%} {file.stat().st_size:8} {entry['sha256']}"
        for stage, (seconds, profiling, evaluation) in enumerate(stages, 1)
    ]
    return Exported(entry, rows)


@dataclass(frozen=True)
class Suite:
    name: str
    specs: Dict[str, Any]  # of networks, by name
    recipes: Dict[str, Any]
    train: Callable[[nn.Module, Any, Log], None]  # a network by a recipe, in place
    export: Callable[[str, dict, Path, Log], Exported]
    manifest: Callable[[List[dict]], dict]  # suite.json, of its models
    timed: str  # what the latencies are of, for the log


def train_suite(suite: Suite, out: Path, states: Path, only: Optional[str]) -> None:
    """Train what is not trained yet (of the networks, or `only` one), export all of it."""
    keep_freed_memory()
    lines = [f"torch {torch.__version__}; latencies of {suite.timed}, one thread"]
    all_exported: List[Exported] = []

    def log(line: str) -> None:
        lines.append(line)
        to_stderr(line)

    out.mkdir(parents=True, exist_ok=True)
    for name, recipe in suite.recipes.items():
        saved = saved_training(name, suite.specs[name], recipe, states)
        if saved is None:
            if only not in (None, name):
                to_stderr(f"{name}: not trained yet, left out of the suite")
                continue
            saved = run_training(name, suite.specs[name], recipe, states, suite.train)
        lines += saved["log"]
        all_exported.append(suite.export(name, saved, out, log))
    log(TABLE_HEAD)
    for row in sum((e.table_rows for e in all_exported), []):
        log(row)
    models = [e.entry for e in all_exported]
    (out / "suite.json").write_text(json.dumps(suite.manifest(models), indent=2) + "\n")
    (out / "training.log").write_text("\n".join(lines) + "\n")
