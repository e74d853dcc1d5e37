"""schemes-energy and schemes-error: each scheme's metric over oracle-static's, by environment, with
the settings it violates. Reads the summary.json of a results folder with oracle-static in it.

    /usr/bin/python3 scripts/figures/schemes.py results/image --out results/image/schemes
"""

import argparse

from matplotlib.patches import Patch

import style
from style import plt

TASKS = {
    "minimize-energy": "mean energy / oracle-static's",
    "maximize-accuracy": "mean error / oracle-static's",
}
EXCLUDED = ("oracle-static", "oracle-clairvoyant")  # 1 by definition; judged on other grounds


def bar_style(scheme):
    colour = style.SCHEME_COLOURS.get(scheme, "#BBBBBB")
    return {"facecolor": colour, "edgecolor": "black", "linewidth": 0.4}


def draw_task(axes, rows, environments, schemes, label):
    width = 0.8 / len(schemes)
    for index, scheme in enumerate(schemes):
        for place, environment in enumerate(environments):
            row = rows[environment, scheme]
            x = place + (index - (len(schemes) - 1) / 2) * width
            height = row["normalized_metric"]
            if height is not None:
                axes.bar(x, height, width * 0.92, **bar_style(scheme))
            axes.annotate(f"{row['violated_settings']}", (x, height or 0), (0, 2), zorder=3,
                          textcoords="offset points", ha="center", va="bottom", fontsize=6.5)
    axes.axhline(1.0, color="#999999", linewidth=0.8, linestyle="--")
    axes.set_xticks(range(len(environments)), environments)
    axes.set_ylabel(label)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", help="results folder")
    parser.add_argument("--out", required=True, help="file to write, without suffix")
    arguments = parser.parse_args()

    summary = style.read_json(f"{arguments.results}/summary.json")
    if summary["base_scheme"] is None:
        parser.error(f"{arguments.results}: oracle-static was not run: nothing to normalize to")
    rows = summary["rows"]
    environments = list(dict.fromkeys(row["environment"] for row in rows))
    schemes = [s for s in dict.fromkeys(row["scheme"] for row in rows) if s not in EXCLUDED]

    figure, axes = plt.subplots(2, 1, figsize=(7.2, 5.2))
    for task_axes, (task, label) in zip(axes, TASKS.items()):
        of_task = {(r["environment"], r["scheme"]): r for r in rows if r["task"] == task}
        draw_task(task_axes, of_task, environments, schemes, label)
    settings = rows[0]["settings"]
    axes[0].set_title(f"{summary['suite']} suite, {summary['energy_source']} energy; "
                      f"above each bar: violated settings of {settings}", fontsize=9)
    legend = [Patch(label=scheme, **bar_style(scheme)) for scheme in schemes]
    axes[1].legend(handles=legend, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncol=5,
                   frameon=False, fontsize=8)
    style.save(figure, arguments.out)


if __name__ == "__main__":
    main()
