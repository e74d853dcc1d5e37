"""One scheme's stream through its contention windows, from inferences.jsonl of a live or
replayed run."""

import numpy as np

from paper import style
from paper.figures import Figure
from paper.style import plt

MODEL_STYLES = (("o", "#0072B2"), ("s", "#E69F00"), ("D", "#009E73"), ("^", "#CC79A7"),
                ("v", "#D55E00"), ("P", "#56B4E9"), ("X", "#000000"), ("*", "#999999"))
LEGEND_ABOVE = {"ncol": 2, "fontsize": 7.5, "loc": "lower right", "bbox_to_anchor": (1, 0.94),
                "borderaxespad": 0}
BELIEF = style.SCHEME_COLOURS["alert"]


def read_stream(results, options):
    wanted = options.scheme, options.environment, options.setting
    first, last = options.inputs
    stream = [line for line in results.log()
              if (line["scheme"], line["environment"], line["setting"]) == wanted
              and first <= line["input"] <= last and "lost" not in line]
    if not stream:
        raise ValueError(f"{results}/inferences.jsonl: no such stream")
    return stream


def column(stream, *path):
    """A value of every line, as an array; nan where it is null."""
    values = []
    for line in stream:
        for key in path:
            line = line[key]
        values.append(np.nan if line is None else line)
    return np.array(values)


def draw_latency(axes, stream, inputs, models):
    busy_ms = 1e3 * column(stream, "outcome", "busy_s")
    chosen = column(stream, "decision", "model")
    met = column(stream, "outcome", "deadline_met")
    for model, (form, colour) in zip(models, MODEL_STYLES):
        of_model = chosen == model
        if of_model.any():
            axes.plot(inputs[of_model], busy_ms[of_model], form, color=colour, markersize=3.5,
                      label=model)
    axes.plot(inputs, 1e3 * column(stream, "goal", "effective_deadline_s"), color="black",
              linewidth=1, label="deadline")
    if not met.all():
        axes.plot(inputs[~met], busy_ms[~met], "o", markersize=8, markerfacecolor="none",
                  markeredgecolor="red", markeredgewidth=1, label="nothing in time")
    axes.set_ylabel("busy time [ms]")
    axes.set_ylim(bottom=0)
    axes.legend(ncol=4, loc="lower center", bbox_to_anchor=(0.5, 1))


def draw_choice(stage_axes, cap_axes, stream, inputs):
    stage_axes.step(inputs, column(stream, "decision", "stage"), where="mid", color="black",
                    linewidth=1)
    stage_axes.set_ylabel("stop stage")
    stage_axes.yaxis.set_major_locator(plt.MaxNLocator(integer=True))
    stage_axes.margins(y=0.15)
    cap_axes.step(inputs, column(stream, "decision", "cap_w"), where="mid", color="#D55E00",
                  linewidth=1)
    cap_axes.set_ylabel("cap [W]")
    cap_axes.margins(y=0.15)


def draw_goal(axes, stream, inputs):
    goal = stream[0]["goal"]
    if goal["accuracy"] is not None:
        values, limit = column(stream, "outcome", "credited_accuracy"), goal["accuracy"]
        axes.set_ylabel("accuracy")
    else:
        values, limit = column(stream, "outcome", "energy_j"), goal["energy_j"]
        axes.set_ylabel("energy [J]")
    axes.plot(inputs, values, ".", color="#009E73", label="credited, by input"
              if goal["accuracy"] is not None else "by input")
    axes.axhline(limit, color="black", linewidth=1, linestyle="--", label="goal")
    axes.legend(**LEGEND_ABOVE)


def draw_belief(axes, stream, inputs):
    mean = column(stream, "estimator", "xi_mean")
    sigma = np.sqrt(column(stream, "estimator", "xi_variance"))
    axes.fill_between(inputs, mean - sigma, mean + sigma, color=BELIEF, alpha=0.25, linewidth=0,
                      label="± one sigma")
    axes.plot(inputs, mean, color=BELIEF, linewidth=1, label="mean")
    axes.set_ylim(0, 1.15 * np.max(mean))
    axes.legend(**LEGEND_ABOVE)
    axes.set_ylabel("slowdown xi")


def draw(all_results, options):
    if len(all_results) > 1:
        raise ValueError("a timeline shows one results folder")
    results = all_results[0]
    stream = read_stream(results, options)
    inputs = column(stream, "input")
    has_belief = stream[0]["estimator"] is not None
    figure, rows = plt.subplots(4 + has_belief, 1, figsize=(style.WIDTH_IN, 6.4), sharex=True,
                                height_ratios=[2.2, 0.8, 0.9, 1.1, 1.2][:4 + has_belief])
    draw_latency(rows[0], stream, inputs, [model["name"] for model in results.profile["models"]])
    draw_choice(rows[1], rows[2], stream, inputs)
    draw_goal(rows[3], stream, inputs)
    if has_belief:
        draw_belief(rows[4], stream, inputs)

    contended = inputs[column(stream, "outcome", "contention")]
    for axes in rows:
        for input_ in contended:
            axes.axvspan(input_ - 0.5, input_ + 0.5, color=style.CONTENTION, linewidth=0, zorder=-1)
    rows[-1].set_xlabel("input (shaded: co-located work runs)")
    rows[-1].set_xlim(inputs[0] - 1, inputs[-1] + 1)
    figure.align_ylabels(rows)
    return figure


def add_options(parser):
    parser.add_argument("--scheme", default="alert")
    parser.add_argument("--environment", required=True)
    parser.add_argument("--setting", type=int, required=True, help="see the grid in summary.json")
    parser.add_argument("--inputs", type=int, nargs=2, default=(0, 10**9),
                        metavar=("FIRST", "LAST"), help="only these inputs of the stream")


FIGURE = Figure(
    "timeline",
    "alert on one stream through a window of co-located work: choice, busy time against the "
    "deadline, credited accuracy and what it believed. Rings mark inputs with nothing in "
    "time.",
    draw,
    of_suites=False, add_options=add_options)
