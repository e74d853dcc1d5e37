"""Alert against alert-mean (no variance), alert-any and alert-trad: the metric on the
settings that both keep, over alert's, and the settings that each violates."""

from paper import style
from paper.figures import Figure

SCHEMES = ("alert", "alert-mean", "alert-any", "alert-trad")


def draw_bars(axes, results, value_of, with_alert):
    for index, scheme in enumerate(SCHEMES if with_alert else SCHEMES[1:]):
        for place, environment in enumerate(results.environments):
            value = value_of(environment, scheme)
            x = place + 0.2 * (index - 1.5 + (not with_alert) * 0.5)
            if value is None:
                axes.annotate("none", (x, 0), (0, 2), textcoords="offset points", rotation=90,
                              ha="center", va="bottom", fontsize=7)
            else:
                axes.bar(x, value, 0.18, **style.bar_style(scheme))
    axes.set_xticks(range(len(results.environments)), results.environments, rotation=25)
    axes.tick_params(axis="x", length=0)


def draw(all_results, _):
    figure, rows = style.panel_rows(all_results, 4, 1.9)
    for row, results in zip(rows, all_results):
        for column, (task, metric) in enumerate(style.TASK_METRICS.items()):
            ratio, violated = row[2 * column:2 * column + 2]
            draw_bars(ratio, results, lambda environment, scheme: results.pair(
                environment, task, scheme, "alert")["metric_ratio"], with_alert=False)
            ratio.axhline(1.0, color=style.SCHEME_COLOURS["alert"], linewidth=1)
            ratio.set_ylabel(f"{metric} / alert's")
            by_row = results.rows(task)
            draw_bars(violated, results, lambda environment, scheme: 100
                      * by_row[environment, scheme]["violated_settings"]
                      / by_row[environment, scheme]["settings"], with_alert=True)
            violated.set_ylim(0, 100)
            violated.set_ylabel("violated [%]")
        row[0].set_title(results.title, loc="left")
    for column, task in enumerate(style.TASK_METRICS):
        rows[-1][2 * column].set_xlabel(task)
        rows[-1][2 * column + 1].set_xlabel(task)
    style.legend_below(figure, [style.scheme_entry(scheme) for scheme in SCHEMES]
                       + [style.entry("none: no setting that both keep", "black")])
    return figure


FIGURE = Figure(
    "variance-matters",
    "alert against the same without variance (alert-mean) and with one kind of DNN only. "
    "Ratios are over the settings that both keep, beside the share of settings violated.",
    draw)
