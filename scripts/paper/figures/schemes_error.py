"""schemes-error: each scheme's mean error over oracle-static's, and its violated settings.

    /usr/bin/python3 scripts/figures/schemes_error.py results/image --out runs/schemes-error
"""

from paper import scheme_bars
from paper import style


def draw(all_results, _):
    return scheme_bars.draw(all_results, "maximize-accuracy")


if __name__ == "__main__":
    style.figure_main(draw)
