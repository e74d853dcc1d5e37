"""Spread over the settings that each keeps of alert, oracle and oracle-static."""

import numpy as np

from paper import style
from paper.figures import Figure

SCHEMES = ("alert", "oracle", "oracle-static")
METRICS = {"minimize-energy": ("mean_energy_j", 1, "energy [J]"),
           "maximize-accuracy": ("mean_error", 100, "error [%]")}


def draw_panel(axes, results, task):
    metric, scale, label = METRICS[task]
    drawn = []
    for index, scheme in enumerate(SCHEMES):
        for place, environment in enumerate(results.environments):
            values = [scale * cell[metric] for cell in results.cells(task)
                      if cell["scheme"] == scheme and cell["environment"] == environment
                      and not cell["violated"]]
            if values:
                drawn += np.percentile(values, (5, 95)).tolist()
                style.boxes(axes, [values], [place + 0.26 * (index - 1)], 0.21,
                            style.SCHEME_COLOURS[scheme])
    axes.set_xticks(range(len(results.environments)), results.environments)
    if drawn:
        style.fit_y(axes, min(drawn), max(drawn))
    axes.set_ylabel(label)


def draw(all_results, _):
    for results in all_results:
        if missing := [s for s in SCHEMES if s not in results.schemes]:
            raise ValueError(f"{results}: not run: {', '.join(missing)}")
    figure, rows = style.panel_rows(all_results, 2, 1.8)
    for row, results in zip(rows, all_results):
        for axes, task in zip(row, METRICS):
            draw_panel(axes, results, task)
            row[0].set_title(results.title, loc="left")
    style.legend_below(figure, [style.scheme_entry(scheme) for scheme in SCHEMES]
                       + [style.entry("box: quartiles of the settings kept; whiskers: p5 to p95",
                                      "black")])
    return figure


FIGURE = Figure(
    "versus-oracle",
    "Spread over settings of alert, of the oracle that chooses per input and of the best "
    "static choice. Each scheme is shown on the settings that it keeps.",
    draw)
