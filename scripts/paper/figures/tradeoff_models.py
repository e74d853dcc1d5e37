"""Error against latency and energy of every DNN at the default cap, with the hull."""

import numpy as np

from paper import style
from paper.figures import Figure


def lower_hull(points):
    """The lower left convex hull of (cost, error) points: what mixing DNNs could reach."""
    hull = []
    for x, y in sorted(points):
        if hull and y >= hull[-1][1]:
            continue
        while len(hull) > 1:
            (x0, y0), (x1, y1) = hull[-2:]
            if (x1 - x0) * (y - y0) > (y1 - y0) * (x - x0):
                break
            hull.pop()
        hull.append((x, y))
    return np.array(hull)


def draw_panel(axes, models, costs_by_model):
    points = []
    for model, costs in zip(models, costs_by_model):
        errors = 100 * (1 - np.array(model["accuracy"]))
        points += zip(costs, errors)
        if model["kind"] == "traditional":
            axes.plot(costs, errors, "o", color=style.TRADITIONAL, markersize=5)
        else:
            axes.plot(costs, errors, "s-", color=style.ANYTIME, markersize=4.5, linewidth=1)
    hull = lower_hull(points)
    x = np.unique(np.concatenate([np.geomspace(hull[0, 0], hull[-1, 0], 200), hull[:, 0]]))
    axes.plot(x, np.interp(x, *hull.T), color="black", linewidth=0.8, linestyle=":")
    axes.set_xscale("log")
    style.plain_log_ticks(axes.xaxis)
    errors = [error for _, error in points]
    style.fit_y(axes, min(errors), max(errors))
    axes.set_ylabel("error [%]")


def draw(all_results, _):
    figure, rows = style.panel_rows(all_results, 2, 1.7)
    for (by_latency, by_energy), results in zip(rows, all_results):
        cap = results.default_cap
        models = results.profile["models"]
        latencies_s = [np.array(model["latency_s"][cap]) for model in models]
        draw_panel(by_latency, models, [1e3 * latency_s for latency_s in latencies_s])
        draw_panel(by_energy, models, [latency_s * model["busy_power_w"][cap]
                                       for model, latency_s in zip(models, latencies_s)])
        by_latency.set_title(results.title, loc="left")
    rows[-1][0].set_xlabel("latency of an inference [ms]")
    rows[-1][1].set_xlabel("busy energy of an inference [J]")
    style.legend_below(figure, [
        style.entry("traditional DNN", style.TRADITIONAL, "o"),
        style.entry("stages of the anytime DNN", style.ANYTIME, "s", "-"),
        style.entry("lower hull", "black", linestyle=":")])
    return figure


FIGURE = Figure(
    "tradeoff-models",
    "Error against latency and busy energy of every DNN at the default cap, on the profiling "
    "split. The anytime DNN pays for its early answers: its stages stay above the hull of the "
    "traditional DNNs.",
    draw)
