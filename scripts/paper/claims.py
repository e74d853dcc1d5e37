"""The paper's claims, computed from the replayed streams of results folders (inferences.npz, see
`alert-paper reduce-log`) and, for the cost of a decision, from live runs; with 95 % confidence
intervals by bootstrap.

    scripts/alert-paper claims runs/paper/image runs/paper/speech \\
        --live runs/paper/image-live --out runs/paper/claims.json

Bootstrap: inputs of one environment are resampled 1,000 times, in circular blocks of n^(1/3)
consecutive inputs (of n; groups that share a deadline stay whole), because neighbours meet the same
contention and the same state of the filter. All schemes and settings see the same resample: schemes
stay paired. Within each resample every stream is judged anew by src/alert/README.md section 6, so
that a setting counts where both schemes keep it *in that resample*. Given are the 2.5th and 97.5th
percentile. The interval is about the inputs of this record; it does not cover a new recording on
another day.
"""

import dataclasses
import json
import pathlib
import typing
from argparse import RawDescriptionHelpFormatter

import numpy as np

from paper.results import Results
from paper.tables import print_table

RESAMPLES = 1000
TOLERATED_RATE, TOLERATED_ENERGY = 0.10, 1.01  # src/alert/README.md section 6


def block_resamples(units, random):
    """How often each unit is drawn, [resample, unit]; the first row is the record itself."""
    length = max(1, round(units ** (1 / 3)))
    blocks = -(-units // length)
    starts = random.integers(units, size=(RESAMPLES, blocks, 1))
    drawn = ((starts + np.arange(length)) % units).reshape(RESAMPLES, -1)[:, :units]
    counts = np.ones((RESAMPLES + 1, units))
    for row, indices in zip(counts[1:], drawn):
        row[:] = np.bincount(indices, minlength=units)
    return counts


class Streams:
    """The verdicts of a results folder's streams under all resamples, as arrays
    [resample, scheme, environment, setting]: `kept`, and `metric` (mean energy in J or mean
    error)."""

    def __init__(self, results):
        self.results = results
        log = dict(np.load(results.folder / "inferences.npz"))
        self.schemes, self.environments = log["schemes"].tolist(), log["environments"].tolist()
        grid = results.grid
        self.minimizes_energy = np.array([goal["task"] == "minimize-energy" for goal in grid])
        # Goals that a task does not have are kept by anything.
        accuracy_goal, energy_goal_j = (
            np.array([none if goal[key] is None else goal[key] for goal in grid])
            for key, none in (("accuracy", -np.inf), ("energy_j", np.inf)))
        energy_j, accuracy, group = log["energy_j"], log["accuracy"], log["group"]
        below = accuracy < accuracy_goal[:, None]

        random = np.random.default_rng(1)
        mean_energy_j, mean_accuracy, late_rate, below_rate = (
            np.empty((RESAMPLES + 1, *energy_j.shape[:-1])) for _ in range(4))
        for e in range(len(self.environments)):
            starts = np.flatnonzero(np.diff(group[e], prepend=-1))  # of the groups
            counts = block_resamples(len(starts), random)
            inputs = counts @ np.diff(starts, append=group.shape[1])
            for mean, values in ((mean_energy_j, energy_j), (mean_accuracy, accuracy),
                                 (late_rate, log["late"]), (below_rate, below)):
                by_group = np.add.reduceat(values[:, e].astype(float), starts, axis=-1)
                mean[:, :, e] = np.tensordot(counts, by_group, (1, 2)) / inputs[:, None, None]
        slack = 1e-12  # of sums in another order
        self.kept = ((late_rate <= TOLERATED_RATE + slack) & (below_rate <= TOLERATED_RATE + slack)
                     & (mean_energy_j <= TOLERATED_ENERGY * energy_goal_j))
        self.metric = np.where(self.minimizes_energy, mean_energy_j, 1 - mean_accuracy)

    def of_task(self, array, task):
        return array[..., self.minimizes_energy == (task == "minimize-energy")]

    def scheme(self, name, task):
        """Metric and kept of a scheme, [resample, environment, setting]."""
        s = self.schemes.index(name)
        return self.of_task(self.metric[:, s], task), self.of_task(self.kept[:, s], task)

    def best_of(self, names, task):
        """The same of the best of several schemes at each setting, among those that keep it."""
        metrics, kepts = zip(*(self.scheme(name, task) for name in names))
        metric = np.where(kepts, metrics, np.inf).min(axis=0)
        return metric, np.any(kepts, axis=0)


# A statistic gives a sum and a count per resample, so that several folders can be pooled.

def ratio(task, *versus, scheme="alert"):
    """scheme's metric over that of the best of `versus`, on the settings that both keep."""
    def statistic(streams):
        metric, kept = streams.scheme(scheme, task)
        other, other_kept = streams.best_of(versus, task)
        both = kept & other_kept & (other > 0)
        quotient = np.divide(metric, other, out=np.zeros_like(metric), where=both)
        return quotient.sum(axis=(1, 2)), both.sum(axis=(1, 2))
    return statistic


def violated(task, *names):
    """Share of the settings that all of these schemes violate."""
    def statistic(streams):
        _, kept = streams.best_of(names, task)
        return (~kept).sum(axis=(1, 2)), np.full(len(kept), kept[0].size)
    return statistic


ENERGY, ERROR = "minimize-energy", "maximize-accuracy"
METRICS = {ENERGY: "energy", ERROR: "error"}
SINGLE_LEVEL = "app-only", "sys-only"
NO_FIGURE = "no figure given"


@dataclasses.dataclass
class Claim:
    what: str
    paper: str
    statistic: typing.Callable
    needs: tuple  # schemes, beside alert
    limit: typing.Optional[float] = None  # the claim is met where the statistic is at most this
    is_ratio: bool = True  # told as "x % less" or "more"; else as a share in %


def against(task, who, *versus, paper=NO_FIGURE, limit=None):
    return Claim(f"{METRICS[task]} against {who}", paper, ratio(task, *versus), versus, limit)


def plus_against(task, who, *versus):
    return Claim(f"alert-plus: {METRICS[task]} against {who}", NO_FIGURE,
                 ratio(task, *versus, scheme="alert-plus"), ("alert-plus", *versus))


def violations(name, task):
    return Claim(f"settings violated by {name}, {task}", NO_FIGURE, violated(task, name), (name,),
                 is_ratio=False)


def part_of(aspect, claim):
    return dataclasses.replace(claim, what=f"{aspect}: {claim.what}")


CLAIMS = [
    *(against(task, who, *versus, paper=paper, limit=limit)
      for task, paper, limit in ((ENERGY, "over 13% less", 0.87), (ERROR, "over 27% less", 0.73))
      for who, versus in (("the best single level", SINGLE_LEVEL), ("app-only", ("app-only",)),
                          ("sys-only", ("sys-only",)))),
    against(ENERGY, "the oracle", "oracle", paper="3% more", limit=1.03),
    against(ERROR, "the oracle", "oracle", paper="2% more", limit=1.02),
    # Beside the distance to the oracle, the part of it that is not luck.
    *(against(task, "oracle-regime", "oracle-regime") for task in METRICS),
    *(plus_against(task, who, *versus) for task in METRICS
      for who, versus in (("alert", ("alert",)), ("oracle-regime", ("oracle-regime",)),
                          ("the oracle", ("oracle",)), ("the best single level", SINGLE_LEVEL))),
    *(against(task, "no-coord", "no-coord") for task in METRICS),
    *(violations(name, task) for task in METRICS
      for name in ("alert", "alert-plus", "app-only", "sys-only", "no-coord", "oracle-static",
                   "oracle-regime", "oracle")),
    *(part_of("the variance", against(task, "alert-mean", "alert-mean")) for task in METRICS),
    *(part_of("the variance", violations("alert-mean", task)) for task in METRICS),
    *(part_of("mixing", against(task, name, name))
      for name in ("alert-any", "alert-trad") for task in METRICS),
    *(part_of("mixing", violations(name, task))
      for name in ("alert-any", "alert-trad") for task in METRICS),
]


def entry(claim, where, source, file, statistic):
    """One line of the table, from a statistic's sums and counts; what is missing has a reason."""
    total, count = statistic
    line = {"claim": claim.what, "paper": claim.paper, "results": where, "energy_source": source,
            "file": file, "is_ratio": claim.is_ratio, "value": None, "low": None, "high": None,
            "settings": int(count[0]), "verdict": None}
    if count[0] == 0:
        line["reason"] = "no setting that both keep"
        return line
    line["value"] = float(total[0] / count[0])
    resampled = total[1:][count[1:] > 0] / count[1:][count[1:] > 0]
    if len(resampled) < 0.95 * RESAMPLES:
        line["reason"] = "no interval: many resamples have no setting that both keep"
    else:
        line["low"], line["high"] = map(float, np.percentile(resampled, (2.5, 97.5)))
    if claim.limit is not None:
        low, high = (line["value"] if line[key] is None else line[key] for key in ("low", "high"))
        line["verdict"] = ("met" if high <= claim.limit else
                           "not met" if low > claim.limit else "open")
    return line


def scheme_claims(all_streams):
    """Every claim for each folder, and pooled over folders of the same energy source."""
    lines = []
    for claim in CLAIMS:
        pools = {}
        for streams in all_streams:
            if not {"alert", *claim.needs} <= set(streams.schemes):
                continue
            results = streams.results
            source = results.summary["energy_source"]
            statistic = claim.statistic(streams)
            lines.append(entry(claim, results.name, source, f"{results.folder.name}/inferences.npz",
                               statistic))
            pools.setdefault(source, []).append(statistic)
        for source, statistics in pools.items():
            if len(statistics) > 1:
                pooled = [sum(parts) for parts in zip(*statistics)]
                lines.append(entry(claim, f"all {source}", source, "those of its folders", pooled))
    return lines


def decision_claims(live_results):
    claim = Claim("a decision's cost over its inference's", "0.6% to 1.7%", None, (), 0.017, False)
    random = np.random.default_rng(1)
    lines = []
    for results in live_results:
        overhead_s, busy_s = results.decision_costs()
        counts = block_resamples(len(busy_s), random)
        lines.append(entry(claim, results.name, results.summary["energy_source"],
                           f"{results.folder.name}/inferences.jsonl",
                           (counts @ overhead_s, counts @ busy_s)))
        lines[-1]["settings"] = None
    return lines


def text_of(line, key="value"):
    """As people read it: 12.3% less, 4.5% more; or a share."""
    if line[key] is None:
        return "–"
    if not line["is_ratio"]:
        return f"{100 * line[key]:.{2 if line[key] < 0.01 else 1}f}%"
    change = 100 * (line[key] - 1)
    return f"{abs(change):.1f}% {'less' if change < 0 else 'more'}"


def interval_of(line):
    if line["low"] is None:
        return "–"
    low, high = text_of(line, "low"), text_of(line, "high")
    if not line["is_ratio"]:
        return f"{low} to {high}"
    if line["high"] < 1:
        low, high = high, low  # from little to much less
    if low.split()[1] == high.split()[1]:
        low = low.split()[0]
    return f"{low} to {high}"


def print_claims(lines):
    head = "claim", "paper", "results", "here", "95 % interval", "settings", "verdict"
    print_table([head] + [(line["claim"], line["paper"], line["results"], text_of(line),
                           interval_of(line), str(line["settings"] or "–"), line["verdict"] or "–")
                          for line in lines])


def run(options):
    lines = scheme_claims([*map(Streams, options.results)]) + decision_claims(options.live)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(lines, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    print_claims(lines)


def add_command(commands):
    parser = commands.add_parser("claims", help="compute the paper's claims, with intervals",
                                 description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Results, help="replayed, with inferences.npz")
    parser.add_argument("--live", nargs="*", type=Results, default=[], help="live runs")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="file to write")
    parser.set_defaults(run=run)
