"""How the latency of each DNN spreads over inputs, nothing else running."""

import numpy as np

from paper import style
from paper.figures import Figure


def quiet_latencies_ms(results):
    """Of each DNN, whole, at the default cap, in the first environment without contention."""
    trace = next((t for t in results.traces.values() if not t.contention.any()), None)
    if trace is None:
        raise ValueError(f"{results}: no trace without contention")
    return [1e3 * latency_s[:, results.default_cap, -1] for latency_s in trace.stage_latency_s]


def draw(all_results, _):
    figure, rows = style.panel_rows(all_results, 1, 1.7)
    for (axes,), results in zip(rows, all_results):
        models = results.profile["models"]
        latencies_ms = quiet_latencies_ms(results)
        for place, (model, latency_ms) in enumerate(zip(models, latencies_ms)):
            colour = style.TRADITIONAL if model["kind"] == "traditional" else style.ANYTIME
            style.boxes(axes, [latency_ms], [place], 0.5, colour)
            p5, p50, p95 = np.percentile(latency_ms, (5, 50, 95))
            axes.annotate(f"{(p95 - p5) / p50:.0%}", (place, p95), (0, 3), ha="center", fontsize=7,
                          textcoords="offset points")
        axes.set_yscale("log")
        axes.margins(y=0.12)
        style.plain_log_ticks(axes.yaxis)
        axes.set_xticks(range(len(models)), [model["name"] for model in models])
        axes.set_ylabel("latency [ms]")
        axes.set_title(results.title, loc="left")
    figure.text(0.995, 0.995, "above: (p95 - p5) / median", ha="right", va="top", fontsize=7.5)
    style.legend_below(figure, [style.patch("traditional DNN", style.TRADITIONAL),
                                style.patch("anytime DNN, all stages", style.ANYTIME),
                                style.entry("box: quartiles; whiskers: 5th to 95th percentile",
                                            "black")])
    return figure


FIGURE = Figure(
    "latency-variance",
    "Latency of whole inferences at the default cap over the inputs, nothing else running. "
    "Above each box stands the spread from the 5th to the 95th percentile over the median.",
    draw)
