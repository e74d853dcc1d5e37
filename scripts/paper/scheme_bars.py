"""What schemes-energy and schemes-error share: each scheme's metric over oracle-static's by
environment, and above each bar the settings that the scheme violates."""

from paper import style

EXCLUDED = ("oracle-static", "oracle-clairvoyant")  # 1 by definition; judged on other grounds


def draw_panel(axes, results, task, schemes):
    rows = results.rows(task)
    width = 0.84 / len(schemes)
    for index, scheme in enumerate(schemes):
        for place, environment in enumerate(results.environments):
            row = rows.get((environment, scheme))
            if row is None:
                continue
            x = place + (index - (len(schemes) - 1) / 2) * width
            height = row["normalized_metric"]
            if height is not None:
                axes.bar(x, height, width * 0.92, **style.bar_style(scheme))
            axes.annotate(f"{row['violated_settings']}", (x, height or 0), (0, 2), fontsize=7,
                          textcoords="offset points", ha="center", va="bottom", zorder=3)
    axes.margins(y=0.1)
    axes.axhline(1.0, color="#777777", linewidth=0.8, linestyle="--")
    axes.set_xticks(range(len(results.environments)), results.environments)
    axes.tick_params(axis="x", length=0)
    settings = next(iter(rows.values()))["settings"]
    axes.set_title(f"{results.title}; above each bar: violated settings of {settings}", loc="left")


def draw(all_results, task):
    for results in all_results:
        if results.summary["base_scheme"] is None:
            raise ValueError(f"{results}: oracle-static was not run: nothing to normalize to")
    schemes = [s for s in dict.fromkeys(s for results in all_results for s in results.schemes)
               if s not in EXCLUDED]
    figure, rows = style.panel_rows(all_results, 1, 2.1)
    for (axes,), results in zip(rows, all_results):
        draw_panel(axes, results, task, schemes)
        axes.set_ylabel(f"{style.TASK_METRICS[task]} / oracle-static's")
    style.legend_below(figure, [style.scheme_entry(scheme) for scheme in schemes])
    return figure
