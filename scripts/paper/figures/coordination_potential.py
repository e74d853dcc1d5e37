"""What perfect adaptation of the application alone, of the system alone, and of
both would reach over the constraint grid: a choice per input that knows every outcome in the trace.

Application alone: any model and stage at the default cap. System alone: the most accurate
traditional DNN at any cap. Each input is taken by itself, with T_goal as its deadline."""

import numpy as np

from paper import style
from paper.figures import Figure

LEVELS = {  # colours of the schemes that stand at the same levels
    "application alone": style.SCHEME_COLOURS["app-only"],
    "system alone": style.SCHEME_COLOURS["sys-only"],
    "both together": style.SCHEME_COLOURS["alert"],
}
MARKERS = dict(zip(LEVELS, "^vo"))
METRIC_LABELS = {"minimize-energy": "energy [J]", "maximize-accuracy": "error [%]"}


class Potential:
    """What the best choice per input among some candidates does, by sections 1, 4 and 6 of
    src/alert/README.md."""

    def __init__(self, results, trace, candidates):
        """candidates: (model, cap) index pairs, each with all its stages."""
        models = results.profile["models"]
        self.q_fail = results.profile["q_fail"]
        end_s, start_s, busy_j, idle_w, accuracy = [], [], [], [], []
        for m, c in candidates:
            stages_s = trace.stage_latency_s[m][:, c]
            for k, q in enumerate(models[m]["accuracy"]):
                end_s.append(stages_s[:, k])
                start_s.append(stages_s[:, k - 1] if k else np.zeros(len(stages_s)))
                busy_j.append(trace.busy_energy_j[:, m, c] * stages_s[:, k] / stages_s[:, -1])
                idle_w.append(trace.idle_power_w[:, m, c])
                accuracy.append(q)
        self.end_s, self.start_s = np.array(end_s), np.array(start_s)
        self.busy_j, self.idle_w = np.array(busy_j), np.array(idle_w)
        self.accuracy = np.array(accuracy)[:, None]

    def metric(self, goal):
        """Mean energy in J, or mean error in %; nan where the setting is violated. A candidate
        whose stop stage is late is left out: the stage before it gives the same answer with less
        energy."""
        deadline_s = goal["deadline_s"]
        late = self.end_s > deadline_s
        energy_j = self.busy_j + self.idle_w * np.maximum(0, deadline_s - self.end_s)
        accuracy = np.where(late, self.q_fail, self.accuracy)
        if goal["task"] == "minimize-energy":
            keeps, rank = ~late & (accuracy >= goal["accuracy"]), energy_j
        else:
            keeps, rank = ~late & (energy_j <= goal["energy_j"]), -accuracy
        # Where nothing keeps the goal: the greatest accuracy, then the least energy.
        fallback = -accuracy + 1e-6 * energy_j / energy_j.max()
        best = np.where(keeps.any(axis=0), np.where(keeps, rank, np.inf).argmin(axis=0),
                        fallback.argmin(axis=0))
        inputs = np.arange(energy_j.shape[1])
        late, energy_j, accuracy = (a[best, inputs] for a in (late, energy_j, accuracy))
        if late.mean() > 0.1:
            return np.nan
        if goal["task"] == "minimize-energy":
            return np.nan if (accuracy < goal["accuracy"]).mean() > 0.1 else energy_j.mean()
        return np.nan if energy_j.mean() > 1.01 * goal["energy_j"] else 100 * (1 - accuracy.mean())


def potentials(results, trace):
    models, caps = range(len(results.profile["models"])), range(results.default_cap + 1)
    return dict(zip(LEVELS, (
        Potential(results, trace, [(m, results.default_cap) for m in models]),
        Potential(results, trace, [(results.largest_traditional, c) for c in caps]),
        Potential(results, trace, [(m, c) for m in models for c in caps]))))


def draw_panel(axes, goals, by_level):
    deadlines_s = list(dict.fromkeys(goal["deadline_s"] for goal in goals))
    for place in range(1, len(deadlines_s)):
        axes.axvline(place * len(goals) / len(deadlines_s) - 0.5, color="#dddddd", linewidth=0.6)
    values = {level: np.array([potential.metric(goal) for goal in goals])
              for level, potential in by_level.items()}
    reached = np.concatenate([*values.values()])
    reached = reached[~np.isnan(reached)]
    if len(reached):
        style.fit_y(axes, reached.min(), reached.max(), headroom=0.3)
    bottom, top = axes.get_ylim()
    for index, (level, metric) in enumerate(values.items()):
        axes.plot(metric, MARKERS[level], color=LEVELS[level], markersize=3.5)
        violated = np.flatnonzero(np.isnan(metric))
        cross_y = top - (0.02 + 0.07 * index) * (top - bottom)
        axes.plot(violated, np.full(len(violated), cross_y), "x", color=LEVELS[level],
                  markersize=3.5)
    axes.set_ylim(bottom, top)
    axes.set_ylabel(METRIC_LABELS[goals[0]["task"]])
    per_deadline = len(goals) / len(deadlines_s)
    axes.set_xticks([(i + 0.5) * per_deadline - 0.5 for i in range(len(deadlines_s))],
                    [f"{1e3 * deadline_s:.{0 if deadline_s >= 0.1 else 1}f}"
                     for deadline_s in deadlines_s])
    axes.tick_params(axis="x", length=0)


def draw(all_results, _):
    figure, rows = style.panel_rows(all_results, 2, 1.9)
    for row, results in zip(rows, all_results):
        environment, trace = next(iter(results.traces.items()))
        by_level = potentials(results, trace)
        for axes, task in zip(row, METRIC_LABELS):
            draw_panel(axes, [goal for goal in results.grid if goal["task"] == task], by_level)
        row[0].set_title(f"{results.title}, {environment}", loc="left")
    for axes in rows[-1]:
        axes.set_xlabel("deadline [ms]; within each: goals from low to high")
    style.legend_below(figure, [style.entry(level, colour, MARKERS[level])
                                for level, colour in LEVELS.items()]
                       + [style.entry("out of reach", "#777777", "x")])
    return figure


FIGURE = Figure(
    "coordination-potential",
    "What a choice per input that knows every outcome would reach on each setting: only the "
    "application adapting, only the system, or both. Crosses mark settings that it would "
    "violate.",
    draw)
