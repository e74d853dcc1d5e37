"""Experiments on where our results differ from the paper's, from the results folders that
scripts/reproduce_paper.sh has made under OUT:

- the ceiling: how much less error than app-only a suite allows at all;
- the gap: alert's energy over the oracle's with and without contention, and the xi that alert
  believed;
- Q_0: the same traces replayed with other floors of the process noise;
- the noise: a simulated machine whose latency noise is scaled.

    scripts/alert-paper differences runs/paper image speech sentence simulated-laptop

Replays go to OUT/differences/, the findings to OUT/differences.json and, as tables, to the
terminal.
"""

import json
import os
import pathlib
import subprocess
from argparse import RawDescriptionHelpFormatter

import numpy as np

from paper.results import Results
from paper.tables import print_table

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = os.environ.get("ALERT_BENCH", ROOT / "build/release/alert-bench")
Q_0 = (0.1, 0.03, 0.01, 0.001)  # 0.1 is the paper's
NOISE_FACTORS = (0.0, 0.5, 1.0, 2.0, 4.0)
NOISE_FIELDS = ("noise_sigma", "configuration_sigma", "drift_sigma", "tail_probability")
NOISE_MACHINE = "simulated-laptop"
VERSUS = {"minimize-energy": ("oracle", "sys-only"), "maximize-accuracy": ("oracle", "app-only")}


def alert_name(q_0):
    return f"alert-q{q_0:g}"


SWEEP = [*({"scheme": "alert", "name": alert_name(q), "Q_0": q} for q in Q_0),
         "app-only", "sys-only", "oracle"]


def bench(command, out, *arguments, **settings):
    """The results of a command that replays the sweep's schemes; configs name files from ROOT."""
    settings |= {"schemes": SWEEP, "log_inferences": False}
    sets = [f"--set={key}={json.dumps(value)}" for key, value in settings.items()]
    subprocess.run([BENCH, command, *map(str, arguments), *sets, "--out", str(out), "--force"],
                   cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return Results(out)


def sweep_lines(results, place):
    """How each Q_0 does against others, over all environments."""
    lines = []
    for q in Q_0:
        line = place | {"Q_0": q}
        for task, others in VERSUS.items():
            metric = "energy" if task == "minimize-energy" else "error"
            for other in others:
                line[f"{metric}_over_{other}"] = results.pooled_ratio(task, alert_name(q), other)
            rows = [row for (_, scheme), row in results.rows(task).items()
                    if scheme == alert_name(q)]
            line[f"{metric}_violated"] = sum(row["violated_settings"] for row in rows) \
                / sum(row["settings"] for row in rows)
        lines.append(line)
    return lines


def ceilings(all_results):
    """The least error of any DNN over that of the anytime DNN's last stage, app-only's."""
    lines = []
    for results in all_results:
        models = results.profile["models"]
        least = min(1 - max(model["accuracy"]) for model in models)
        anytime = [1 - model["accuracy"][-1] for model in models if model["kind"] == "anytime"]
        lines.append({"results": results.name, "least_error": least, "anytime_error": min(anytime),
                      "greatest_reduction": 1 - least / min(anytime)})
    return lines


def gaps(all_results):
    """alert's energy over the oracle's, minimizing energy, inputs apart by contention."""
    lines = []
    for results in all_results:
        log = dict(np.load(results.folder / "inferences.npz"))
        alert, oracle = (log["schemes"].tolist().index(name) for name in ("alert", "oracle"))
        settings = [goal["setting"] for goal in results.grid if goal["task"] == "minimize-energy"]
        for e, environment in enumerate(log["environments"].tolist()):
            for contention in sorted(set(log["contention"][e])):
                inputs = log["contention"][e] == contention
                chosen = np.ix_(settings, np.flatnonzero(inputs))
                xi = log["xi_mean"][alert, e][chosen]
                lines.append({
                    "results": results.name, "environment": environment,
                    "energy_source": results.summary["energy_source"],
                    "contention": bool(contention),
                    "energy_over_oracle": log["energy_j"][alert, e][chosen].sum()
                    / log["energy_j"][oracle, e][chosen].sum(),
                    **{f"xi_p{p}": float(np.percentile(xi, p)) for p in (50, 90, 99)}})
    return lines


def q_0_sweep(all_results, out):
    return [line for results in all_results
            for line in sweep_lines(
                bench("replay", out / f"q0-{results.name}", "--config",
                      ROOT / f"configs/{results.name}.json", "--trace",
                      *sorted((results.folder / "traces").iterdir())), {"results": results.name})]


def noise_sweep(out):
    """The machine alone, with its noise scaled."""
    config_file = ROOT / f"configs/{NOISE_MACHINE}.json"
    config = json.loads(config_file.read_text())
    machine = json.loads((ROOT / config["simulate"]["platform"]).read_text())
    lines = []
    for factor in NOISE_FACTORS:
        quiet = {key: value * factor if key in NOISE_FIELDS else value
                 for key, value in machine["quiet"].items()}
        file = out / f"noise-{factor:g}.json"
        file.write_text(json.dumps(machine | {"quiet": quiet}))
        config["simulate"]["platform"] = str(file)
        lines += sweep_lines(
            bench("run", out / f"noise-{factor:g}", "--config", config_file,
                  simulate=config["simulate"], environments=[{"name": "default"}]),
            {"noise": factor})
    return lines


def print_lines(title, lines):
    print(f"\n{title}")
    print_table([list(lines[0])] + [[cell(value) for value in line.values()] for line in lines])


def cell(value):
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def run(options):
    out = options.out.resolve()
    all_results = [Results(out / name) for name in options.names]
    replays = out / "differences"
    replays.mkdir(exist_ok=True)
    findings = {"ceiling": ceilings(all_results), "gap": gaps(all_results),
                "q_0": q_0_sweep(all_results, replays), "noise": noise_sweep(replays)}
    (out / "differences.json").write_text(json.dumps(findings, indent=1) + "\n")
    for title, lines in findings.items():
        print_lines(title, lines)


def add_command(commands):
    parser = commands.add_parser("differences", help="experiments on where ours is not the paper's",
                                 description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, help="folder of the results folders")
    parser.add_argument("names", nargs="+", help="results folders in it")
    parser.set_defaults(run=run)
