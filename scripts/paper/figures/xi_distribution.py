"""The slowdown factor xi of whole inferences (latency over the profile's, all models and
caps) against the normal curve of the same mean and variance that ALERT assumes."""

import math

import numpy as np

from paper import style
from paper.figures import Figure


def observed_xi(results, trace):
    profile_s = [np.array(model["latency_s"])[:, -1] for model in results.profile["models"]]
    inputs = trace.contended_inputs
    return np.concatenate([(latency_s[inputs, :, -1] / by_cap_s).ravel()
                           for latency_s, by_cap_s in zip(trace.stage_latency_s, profile_s)])


def draw_panel(axes, xi, colour):
    mean, sigma = xi.mean(), xi.std()
    x_max = max(np.percentile(xi, 99), mean + 3 * sigma)
    x_min = max(0.0, min(xi.min(), mean - 3 * sigma))
    x = np.linspace(x_min, x_max, 300)
    bins = np.linspace(x_min, x_max, 61)
    weights = np.full(len(xi), 1 / (len(xi) * (bins[1] - bins[0])))
    axes.hist(xi, bins, weights=weights, color=colour, edgecolor="none")
    axes.plot(x, np.exp(-0.5 * ((x - mean) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi)),
              color="black", linewidth=1)
    axes.annotate(f"mean {mean:.2f}\nsigma {sigma:.2f}\np99 {np.percentile(xi, 99):.2f}\n"
                  f"max {xi.max():.3g}", (0.98, 0.97), xycoords="axes fraction", ha="right",
                  va="top", fontsize=7.5)


def draw(all_results, _):
    columns = max(len(results.traces) for results in all_results)
    figure, rows = style.panel_rows(all_results, columns, 1.7)
    for row, results in zip(rows, all_results):
        for axes, (name, trace), colour in zip(row, results.traces.items(),
                                               style.ENVIRONMENT_COLOURS):
            draw_panel(axes, observed_xi(results, trace), colour)
            axes.set_title(f"{results.name}, {name}", loc="left", fontsize=8)
        row[0].set_ylabel("density")
        for axes in row[len(results.traces):]:
            axes.set_axis_off()
    for axes in rows[-1]:
        axes.set_xlabel("slowdown xi")
    style.legend_below(figure, [
        style.patch("observed, beside the co-located work where there is any", "#999999"),
        style.entry("normal curve of the same mean and variance", "black", linestyle="-")])
    return figure


FIGURE = Figure(
    "xi-distribution",
    "Slowdown of whole inferences against the profile, over all DNNs and caps, with the "
    "normal curve of the same mean and variance that ALERT assumes. A long right tail widens "
    "the curve for all.",
    draw)
