"""schemes-energy: each scheme's mean energy over oracle-static's, and its violated settings.

    /usr/bin/python3 scripts/figures/schemes_energy.py results/image --out runs/schemes-energy
"""

from paper import scheme_bars
from paper import style


def draw(all_results, _):
    return scheme_bars.draw(all_results, "minimize-energy")


if __name__ == "__main__":
    style.figure_main(draw)
