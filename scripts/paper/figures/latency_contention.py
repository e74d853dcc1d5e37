"""The latency of each DNN alone and beside co-located work."""

from paper import style
from paper.figures import Figure


def draw(all_results, _):
    figure, rows = style.panel_rows(all_results, 1, 1.7)
    for (axes,), results in zip(rows, all_results):
        models = results.profile["models"]
        width = 0.75 / len(results.traces)
        for index, (trace, colour) in enumerate(zip(results.traces.values(),
                                                    style.ENVIRONMENT_COLOURS)):
            inputs = trace.contended_inputs
            offset = (index - (len(results.traces) - 1) / 2) * width
            style.boxes(axes, [1e3 * latency_s[inputs, results.default_cap, -1]
                               for latency_s in trace.stage_latency_s],
                        [place + offset for place in range(len(models))], 0.85 * width, colour)
        axes.set_yscale("log")
        axes.margins(y=0.08)
        style.plain_log_ticks(axes.yaxis)
        axes.set_xticks(range(len(models)), [model["name"] for model in models])
        axes.set_ylabel("latency [ms]")
        axes.set_title(results.title, loc="left")
    names = list(dict.fromkeys(name for results in all_results for name in results.traces))
    style.legend_below(figure, [
        *map(style.patch, names, style.ENVIRONMENT_COLOURS),
        style.entry("box: quartiles; whiskers: 5th to 95th percentile", "black")])
    return figure


FIGURE = Figure(
    "latency-contention",
    "Latency of whole inferences at the default cap, alone and beside co-located work, over "
    "the inputs of the contention windows. Contention moves the median and stretches the tail, "
    "and not by one factor for all DNNs.",
    draw)
