"""What a decision costs (choice, and setting the cap) beside the inference that it steers, from
inferences.jsonl of live runs."""

import numpy as np

from paper import style
from paper.figures import Figure
from paper.style import plt


def draw(all_results, _):
    figure, axes = plt.subplots(figsize=(style.WIDTH_IN, 0.9 + 0.75 * len(all_results)))
    for place, results in enumerate(all_results):
        overhead_s, busy_s = results.decision_costs()
        for values, offset, colour in ((overhead_s, 0.2, style.SCHEME_COLOURS["alert"]),
                                       (busy_s, -0.2, style.TRADITIONAL)):
            style.boxes(axes, [1e6 * values], [place + offset], 0.3, colour, vert=False)
        share = np.mean(overhead_s) / np.mean(busy_s)
        axes.annotate(f"mean {1e6 * np.mean(overhead_s):.1f} µs, {share:.2%} of the inference",
                      (1e6 * np.percentile(overhead_s, 95), place + 0.2), (6, 0),
                      textcoords="offset points", va="center", fontsize=8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("time [µs]")
    axes.set_yticks(range(len(all_results)), [results.name for results in all_results])
    axes.set_ylim(-0.6, len(all_results) - 0.4)
    style.legend_below(figure, [style.patch("one decision of alert", style.SCHEME_COLOURS["alert"]),
                                style.patch("one inference", style.TRADITIONAL),
                                style.entry("box: quartiles; whiskers: p5 to p95", "black")])
    return figure


FIGURE = Figure(
    "overhead",
    "Cost of one decision (the choice, and setting the cap) beside the inference that it "
    "steers, from a live run. The paper reports 0.6% to 1.7%.",
    draw,
    of_suites=False)
