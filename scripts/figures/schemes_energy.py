"""schemes-energy: each scheme's mean energy over oracle-static's, and its violated settings.

    /usr/bin/python3 scripts/figures/schemes_energy.py results/image --out runs/schemes-energy
"""

import schemes
import style


def draw(all_results, _):
    return schemes.draw(all_results, "minimize-energy")


if __name__ == "__main__":
    style.figure_main(draw)
