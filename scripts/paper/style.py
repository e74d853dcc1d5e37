"""What all figures share: one colour per scheme, model and environment throughout (Okabe-Ito, safe
for colour-blind readers), fonts, and saving as PNG and PDF."""

import matplotlib
from matplotlib import pyplot as plt

matplotlib.use("Agg")

SCHEME_COLOURS = {
    "alert": "#0072B2",
    "alert-plus": "#882255",
    "alert-any": "#56B4E9",
    "alert-trad": "#009E73",
    "alert-mean": "#CC79A7",
    "app-only": "#E69F00",
    "sys-only": "#D55E00",
    "no-coord": "#F0E442",
    "oracle-static": "#999999",
    "oracle-regime": "#777777",
    "oracle": "#444444",
    "oracle-clairvoyant": "#000000",
}
OTHER_SCHEME = "#BBBBBB"  # a scheme of the user's own
ENVIRONMENT_COLOURS = ("#999999", "#CC79A7", "#56B4E9", "#E69F00")  # in the order of the results
TRADITIONAL, ANYTIME = "#D55E00", "#0072B2"
CONTENTION = "#e6e6e6"

TASK_METRICS = {"minimize-energy": "energy", "maximize-accuracy": "error"}

WIDTH_IN = 7.2  # a page's text

plt.rcParams.update(
    {
        "font.size": 9,
        "axes.titlesize": 9,
        "axes.labelsize": 8.5,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "legend.frameon": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.constrained_layout.use": True,
        "savefig.dpi": 160,
        "pdf.fonttype": 42,  # text that stays text
    }
)


def bar_style(scheme):
    colour = SCHEME_COLOURS.get(scheme, OTHER_SCHEME)
    return {"facecolor": colour, "edgecolor": "black", "linewidth": 0.4}


def boxes(axes, values, positions, width, colour, vert=True):
    """Boxes of the quartiles, whiskers from the 5th to the 95th percentile, filled."""
    return axes.boxplot(values, positions=positions, widths=width, whis=(5, 95), vert=vert,
                        showfliers=False, patch_artist=True, manage_ticks=False,
                        boxprops={"facecolor": colour, "linewidth": 0.6},
                        medianprops={"color": "black", "linewidth": 1.2},
                        whiskerprops={"linewidth": 0.7}, capprops={"linewidth": 0.7})


def plain_log_ticks(axis):
    """1, 2, 5, 10 in figures instead of powers of ten, to be set when the data are drawn."""
    least, greatest = axis.get_view_interval()
    subs = (1, 2, 5) if greatest > 6 * least else (1, 1.5, 2, 3, 4, 6, 8)
    axis.set_major_locator(matplotlib.ticker.LogLocator(subs=subs, numticks=12))
    axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def fit_y(axes, least, greatest, headroom=0.08):
    """From zero, unless all values would crowd at the top; for points and boxes, not for bars."""
    crowded = 0.6 * greatest <= least < greatest
    bottom = least - 0.3 * (greatest - least) if crowded else 0
    axes.set_ylim(bottom, greatest + headroom * (greatest - bottom))


def panel_rows(results, columns, height_in):
    """A figure with a row of panels for each results folder, and the axes as rows of columns."""
    return plt.subplots(len(results), columns, figsize=(WIDTH_IN, height_in * len(results) + 0.5),
                        squeeze=False)


def save(figure, out):
    """Writes OUT.png and OUT.pdf."""
    out.parent.mkdir(parents=True, exist_ok=True)
    for suffix in (".png", ".pdf"):
        # No creation date: the same data gives the same file.
        metadata = {"CreationDate": None} if suffix == ".pdf" else None
        file = out.with_name(out.name + suffix)
        figure.savefig(file, metadata=metadata)
        print(file)
    plt.close(figure)


def entry(label, colour, marker="", linestyle=""):
    """A legend's entry for a marker or a line."""
    return plt.Line2D([], [], label=label, color=colour, marker=marker, linestyle=linestyle,
                      markersize=5, linewidth=1.2)


def patch(label, colour):
    return plt.Rectangle((0, 0), 1, 1, label=label, facecolor=colour, edgecolor="black",
                         linewidth=0.6)


def scheme_entry(scheme):
    return plt.Rectangle((0, 0), 1, 1, label=scheme, **bar_style(scheme))


def legend_below(figure, handles, columns=5):
    """A legend under all panels, in room that the layout leaves to it."""
    lines = -(-len(handles) // columns)
    share = (0.18 * lines + 0.08) / figure.get_size_inches()[1]
    figure.get_layout_engine().set(rect=(0, share, 1, 1 - share))
    figure.legend(handles=handles, loc="lower center", ncol=columns, columnspacing=1.4,
                  handletextpad=0.5, borderaxespad=0.2)
