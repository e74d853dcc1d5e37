"""Each scheme's mean error over oracle-static's, and its violated settings."""

from paper import scheme_bars
from paper.figures import Figure


def draw(all_results, _):
    return scheme_bars.draw(all_results, "maximize-accuracy")


FIGURE = Figure(
    "schemes-error",
    "Mean error of each scheme over oracle-static's on the settings that both keep. Schemes "
    "that always run at full power violate most energy goals and are judged on the few that "
    "are left.",
    draw)
