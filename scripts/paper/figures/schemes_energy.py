"""Each scheme's mean energy over oracle-static's, and its violated settings."""

from paper import scheme_bars
from paper.figures import Figure


def draw(all_results, _):
    return scheme_bars.draw(all_results, "minimize-energy")


FIGURE = Figure(
    "schemes-energy",
    "Mean energy of each scheme over oracle-static's on the settings that both keep. The "
    "figure above a bar counts the settings that the scheme violates, which a low bar may "
    "hide.",
    draw)
