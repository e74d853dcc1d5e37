"""The study of alert-plus: how it fares beside alert, what each of its parts is worth, and the same
on data that chose nothing; with 95 % confidence intervals (`alert-paper claims` tells how).

    scripts/alert-paper plus runs/plus/image runs/plus/speech runs/plus/sentence \\
        --held-out runs/plus/simulated-* --out results/alert-plus

    scripts/alert-paper plus --live runs/live/* --out results/alert-plus

scripts/study_alert_plus.sh and scripts/live_alert_plus.sh make these folders. Writes study.json
(every number), tables.md and schemes.png; of live runs live.json and a table beside it.
"""

import json
import pathlib
from argparse import RawDescriptionHelpFormatter

import numpy as np
from matplotlib import pyplot as plt

from paper import style
from paper.claims import METRICS, RESAMPLES, Streams
from paper.results import Results

SHOWN = ("alert-plus", "alert", "app-only", "sys-only", "no-coord", "caloree", "linucb",
         "oracle-regime", "oracle")
BASE, ORACLE, REGIME = "oracle-static", "oracle", "oracle-regime"


def quotients(all_streams, task, scheme, versus, among=None, environment=slice(None)):
    """scheme's metric over versus's, per resample: the mean over the settings that both keep (and
    that `among` keeps), of all folders and environments; and how many those are."""
    total, count = 0, 0
    for streams in all_streams:
        (metric, kept), (other, other_kept) = (streams.scheme(name, task)
                                               for name in (scheme, versus))
        both = kept & other_kept & (other > 0)
        if among:
            both = both & streams.scheme(among, task)[1]
        both = both[:, environment]
        ratio = np.divide(metric[:, environment], other[:, environment],
                          out=np.zeros_like(both, float), where=both)
        total, count = total + ratio.sum(axis=(1, 2)), count + both.sum(axis=(1, 2))
    return np.divide(total, count, out=np.full(RESAMPLES + 1, np.nan), where=count > 0), count[0]


def normalized(all_streams, task, scheme):
    """Harmonic mean over the rows of the metric over oracle-static's, per resample."""
    rows = [quotients([streams], task, scheme, BASE, environment=slice(e, e + 1))[0]
            for streams in all_streams for e in range(len(streams.environments))]
    return 1 / np.nanmean(1 / np.array(rows), axis=0)


def violated(all_streams, task, scheme):
    kept = [streams.scheme(scheme, task)[1] for streams in all_streams]
    return int(sum((~k[0]).sum() for k in kept)), sum(k[0].size for k in kept)


def figure(values):
    """A statistic with its interval; None where there is nothing to compare."""
    value, resampled = values[0], values[1:][~np.isnan(values[1:])]
    if np.isnan(value):
        return {"value": None, "low": None, "high": None}
    low, high = np.percentile(resampled, (2.5, 97.5))
    return {"value": round(float(value), 4), "low": round(float(low), 4),
            "high": round(float(high), 4)}


def scheme_lines(all_streams, schemes):
    lines = []
    for task, metric in METRICS.items():
        for scheme in schemes:
            count, settings = violated(all_streams, task, scheme)
            line = {"task": task, "scheme": scheme, "violated": count, "settings": settings,
                    "normalized": figure(normalized(all_streams, task, scheme))}
            for other in ("alert", ORACLE, REGIME):
                line[f"over_{other}"] = figure(quotients(all_streams, task, scheme, other)[0])
            line["over_oracle_where_alert_keeps"] = figure(
                quotients(all_streams, task, scheme, ORACLE, among="alert")[0])
            lines.append(line)
    return lines


def row_lines(all_streams):
    lines = []
    for task in METRICS:
        for streams in all_streams:
            for e, environment in enumerate(streams.environments):
                here = slice(e, e + 1)
                line = {"task": task, "results": streams.results.name, "environment": environment}
                for scheme in ("alert", "alert-plus", REGIME, ORACLE):
                    kept = streams.scheme(scheme, task)[1][0, e]
                    line[f"{scheme}_violated"] = int((~kept).sum())
                    line[f"{scheme}_normalized"] = figure(
                        quotients([streams], task, scheme, BASE, environment=here)[0])
                line["alert-plus_over_alert"] = figure(
                    quotients([streams], task, "alert-plus", "alert", environment=here)[0])
                lines.append(line)
    return lines


def text(figure, interval=True):
    if figure["value"] is None:
        return "–"
    bounds = f" [{figure['low']:.3f}, {figure['high']:.3f}]" if interval else ""
    return f"{figure['value']:.3f}{bounds}"


def markdown(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def scheme_table(lines, task):
    head = ["scheme", f"{METRICS[task]}, normalized", "violated", "over alert", "over oracle",
            "over oracle-regime", "over oracle where alert keeps"]
    return markdown(head, [
        [line["scheme"], text(line["normalized"]), f"{line['violated']}/{line['settings']}",
         *(text(line[key]) for key in ("over_alert", "over_oracle", "over_oracle-regime",
                                       "over_oracle_where_alert_keeps"))]
        for line in lines if line["task"] == task])


def row_table(lines, task):
    head = ["row", "alert-plus over alert", *(f"{name} (violated)" for name in
                                              ("alert", "alert-plus", REGIME, ORACLE))]
    return markdown(head, [
        [f"{line['results']} / {line['environment']}", text(line["alert-plus_over_alert"]),
         *(f"{text(line[f'{name}_normalized'], False)} ({line[f'{name}_violated']})"
           for name in ("alert", "alert-plus", REGIME, ORACLE))]
        for line in lines if line["task"] == task])


def report(study):
    parts = ["Made by scripts/study_alert_plus.sh. Normalized: to oracle-static, over the settings "
             "that both keep, harmonic mean over the rows. Over another scheme: mean ratio over "
             "the settings that both keep. In brackets: 95 % interval by block bootstrap over "
             "inputs.\n"]
    for title, data in study.items():
        for task in METRICS:
            parts.append(f"\n## {title}: {task}\n\n{scheme_table(data['schemes'], task)}")
            if data["rows"]:
                parts.append(f"\nRow by row, normalized:\n\n{row_table(data['rows'], task)}")
    return "".join(parts)


def draw(lines):
    """The schemes' normalized energy and error with their intervals; above: violated settings."""
    figure, all_axes = plt.subplots(1, 2, figsize=(style.WIDTH_IN, 2.6))
    for axes, (task, metric) in zip(all_axes, METRICS.items()):
        of_scheme = {line["scheme"]: line for line in lines if line["task"] == task}
        for place, scheme in enumerate(SHOWN):
            line = of_scheme[scheme]
            normal = line["normalized"]
            height = normal["value"] or 0
            axes.bar(place, height, 0.75, **style.bar_style(scheme))
            if normal["value"]:
                axes.vlines(place, normal["low"], normal["high"], "black", linewidth=0.8)
            axes.annotate(line["violated"], (place, normal["high"] or 0), (0, 2), fontsize=7,
                          textcoords="offset points", ha="center")
        axes.axhline(1.0, color="#777777", linewidth=0.8, linestyle="--")
        axes.margins(y=0.1)
        axes.set_xticks(range(len(SHOWN)), SHOWN, rotation=40, ha="right")
        axes.set_ylabel(f"{metric} / oracle-static's")
        axes.set_title(f"above: violated settings of {lines[0]['settings']}", loc="left")
    return figure


def live_lines(folders):
    lines = []
    for streams in map(Streams, folders):
        for e, environment in enumerate(streams.environments):
            for task in METRICS:
                ratio, settings = quotients([streams], task, "alert-plus", "alert",
                                            environment=slice(e, e + 1))
                line = {"results": streams.results.name, "environment": environment, "task": task,
                        "alert-plus_over_alert": figure(ratio), "settings_both_keep": int(settings)}
                for scheme in ("alert-plus", "alert"):
                    kept = streams.scheme(scheme, task)[1][0, e]
                    line[f"{scheme}_violated"] = f"{(~kept).sum()}/{kept.size}"
                lines.append(line)
    return lines


def live_report(lines):
    head = ["run / environment / task", "alert-plus over alert", "settings both keep",
            "alert-plus violates", "alert violates"]
    return ("Live runs of configs/live.json: alert-plus's energy (minimize-energy) or error "
            "over alert's, live and interleaved input by input. In brackets: 95 % interval by "
            "block bootstrap over inputs.\n\n" + markdown(head, [
                [f"{line['results']} / {line['environment']} / {line['task']}",
                 text(line["alert-plus_over_alert"]), line["settings_both_keep"],
                 line["alert-plus_violated"], line["alert_violated"]] for line in lines]))


def write(out, name, data, tables):
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name[0]}.json").write_text(json.dumps(data, indent=1) + "\n")
    (out / f"{name[1]}.md").write_text(tables)


def run(options):
    if options.live:
        lines = live_lines(options.live)
        write(options.out, ("live", "live"), lines, live_report(lines))
    study = {}
    for title, folders in (("Recorded traces", options.results),
                           ("Held out: simulated platforms, fresh seeds", options.held_out)):
        if folders:
            all_streams = [*map(Streams, folders)]
            study[title] = {"schemes": scheme_lines(all_streams, all_streams[0].schemes),
                            "rows": row_lines(all_streams)}
    if study:
        write(options.out, ("study", "tables"), study, report(study))
        draw(study["Recorded traces"]["schemes"]).savefig(options.out / "schemes.png")


def add_command(commands):
    parser = commands.add_parser("plus", help="the study of alert-plus: tables with intervals",
                                 description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="*", type=Results, help="replayed, with inferences.npz")
    parser.add_argument("--held-out", nargs="*", type=Results, default=[], help="likewise")
    parser.add_argument("--live", nargs="*", type=Results, default=[], help="live runs, likewise")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write to")
    parser.set_defaults(run=run)
