"""timeline: one scheme's stream through its contention windows. Reads inferences.jsonl of a live or
replayed run.

    /usr/bin/python3 scripts/figures/timeline.py runs/quickstart --environment memory --setting 7 \\
        --out runs/quickstart/timeline
"""

import argparse
import json
import math

import style
from style import plt

MARKERS = "osD^vP*X"


def read_stream(arguments):
    wanted = (arguments.scheme, arguments.environment, arguments.setting)
    with open(f"{arguments.results}/inferences.jsonl") as log:
        lines = (json.loads(line) for line in log)
        return [l for l in lines if (l["scheme"], l["environment"], l["setting"]) == wanted]


def shade_contention(axes, stream):
    for line in stream:
        if line["outcome"]["contention"]:
            axes.axvspan(line["input"] - 0.5, line["input"] + 0.5, color="#eeeeee", linewidth=0, zorder=-1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", help="results folder")
    parser.add_argument("--scheme", default="alert")
    parser.add_argument("--environment", required=True)
    parser.add_argument("--setting", type=int, required=True, help="see the grid in summary.json")
    parser.add_argument("--out", required=True, help="file to write, without suffix")
    arguments = parser.parse_args()
    stream = read_stream(arguments)
    if not stream:
        parser.error(f"{arguments.results}: no such stream in inferences.jsonl")

    inputs = [line["input"] for line in stream]
    goal = stream[0]["goal"]
    figure, (latency, cap, accuracy, xi) = plt.subplots(
        4, 1, figsize=(7.2, 6.4), sharex=True, height_ratios=[2.2, 1, 1.2, 1.2])

    choices = [(l["decision"]["model"], l["decision"]["stage"]) for l in stream]
    models = list(dict.fromkeys(model for model, _ in choices))
    for model, marker in zip(models, MARKERS):
        chosen = [l for l in stream if l["decision"]["model"] == model]
        latency.plot([l["input"] for l in chosen], [1e3 * l["outcome"]["busy_s"] for l in chosen],
                     marker, markersize=4, linestyle="none", label=model)
    latency.plot(inputs, [1e3 * l["goal"]["effective_deadline_s"] for l in stream], color="black",
                 linewidth=1, label="deadline")
    latency.set_ylabel("busy time [ms]")
    latency.set_ylim(bottom=0)
    latency.legend(ncol=4, fontsize=7.5, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1))

    cap.step(inputs, [l["decision"]["cap_w"] for l in stream], where="mid", color="#D55E00")
    cap.set_ylabel("cap [W]")

    accuracy.plot(inputs, [l["outcome"]["credited_accuracy"] for l in stream], ".", color="#009E73",
                  label="credited accuracy")
    if goal["accuracy"] is not None:
        accuracy.axhline(goal["accuracy"], color="black", linewidth=1, linestyle="--", label="goal")
    accuracy.set_ylabel("accuracy")
    accuracy.legend(ncol=2, fontsize=7.5, frameon=False, loc="lower right")

    with_belief = [l for l in stream if l["estimator"]]
    if with_belief:
        x = [l["input"] for l in with_belief]
        mean = [l["estimator"]["xi_mean"] for l in with_belief]
        sigma = [math.sqrt(l["estimator"]["xi_variance"]) for l in with_belief]
        xi.fill_between(x, [m - s for m, s in zip(mean, sigma)], [m + s for m, s in zip(mean, sigma)],
                        color="#0072B2", alpha=0.25, linewidth=0, label="± one sigma")
        xi.plot(x, mean, color="#0072B2", linewidth=1, label="mean")
        xi.legend(ncol=2, fontsize=7.5, frameon=False, loc="upper right")
    xi.set_ylabel("slowdown xi")
    xi.set_xlabel("input (shaded: co-located work runs)")
    for axes in (latency, cap, accuracy, xi):
        shade_contention(axes, stream)
    style.save(figure, arguments.out)


if __name__ == "__main__":
    main()
