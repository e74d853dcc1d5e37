"""Latency and energy of the largest traditional DNN over all power caps."""

import numpy as np

from paper import style
from paper.figures import Figure


def draw(all_results, _):
    figure, rows = style.panel_rows(all_results, 2, 1.7)
    for (latency_axes, energy_axes), results in zip(rows, all_results):
        profile = results.profile
        model = profile["models"][results.largest_traditional]
        caps_w = profile["power_caps_w"]
        latency_s = np.array(model["latency_s"])[:, -1]
        busy_j = latency_s * model["busy_power_w"]
        # With a period that every cap can keep.
        period_j = busy_j + profile["idle_power_w"] * (latency_s.max() - latency_s)

        latency_axes.plot(caps_w, 1e3 * latency_s, "o-", color="black", markersize=4, linewidth=1)
        latency_axes.set_ylabel("latency [ms]")
        energy_axes.plot(caps_w, busy_j, "o--", color=style.TRADITIONAL, markersize=4, linewidth=1)
        energy_axes.plot(caps_w, period_j, "s-", color=style.ANYTIME, markersize=4, linewidth=1)
        energy_axes.set_ylabel("energy [J]")
        for axes in latency_axes, energy_axes:
            axes.set_ylim(bottom=0)
        latency_axes.set_title(f"{results.title}: {model['name']}", loc="left")
    for axes in rows[-1]:
        axes.set_xlabel("power cap [W]")
    style.legend_below(figure, [
        style.entry("busy energy", style.TRADITIONAL, "o", "--"),
        style.entry("with idle energy until the slowest cap is done", style.ANYTIME, "s", "-")])
    return figure


FIGURE = Figure(
    "tradeoff-power",
    "Latency and energy of the largest traditional DNN over the power caps. A lower cap is "
    "slower and cheaper, so the slack before a deadline is worth energy.",
    draw)
