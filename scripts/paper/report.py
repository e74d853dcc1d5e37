"""report.html: the claims, the figures and the tables of what scripts/reproduce_paper.sh made under a
folder, in one file that opens from disk.

    /usr/bin/python3 scripts/report.py runs/paper
"""

import argparse
import base64
import html
import json
import pathlib

from paper.claims import NO_FIGURE, interval_of, text_of
from paper.results import Results

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; margin: 2rem auto; max-width: 84rem;
       padding: 0 1rem; }
p { max-width: 56rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #ccc; }
h3 { margin-bottom: 0.2rem; }
table { border-collapse: collapse; font-size: 13px; margin: 0.6rem 0; }
th, td { padding: 0.25rem 0.45rem; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; min-width: 12rem; }
.wide td:first-child { position: sticky; left: 0; background: #fff; }
thead th { border-bottom: 2px solid #888; }
.wide { overflow-x: auto; }
.interval, .file { color: #555; font-size: 11.5px; display: block; white-space: nowrap; }
.file { white-space: normal; font-weight: normal; }
.verdict { font-weight: 600; white-space: nowrap; }
.met { color: #00664b; } .not-met { color: #a33c00; } .open { color: #6a5400; }
figure { margin: 1rem 0 2rem; } figure img { max-width: 100%; width: 46rem; display: block; }
figcaption { max-width: 46rem; } code { font-size: 0.92em; }
@media print { details[open] summary { display: none; } figure { break-inside: avoid; } }
"""

# By slug: what is drawn, and what to look for.
CAPTIONS = {
    "tradeoff-models": "Error against latency and busy energy of every DNN at the default cap, on the "
        "profiling split. The anytime DNN pays for its early answers: its stages stay above the hull of "
        "the traditional DNNs.",
    "tradeoff-power": "Latency and energy of the largest traditional DNN over the power caps. A lower "
        "cap is slower and cheaper, so the slack before a deadline is worth energy.",
    "latency-variance": "Latency of whole inferences at the default cap over the inputs, nothing else "
        "running. Above each box stands the spread from the 5th to the 95th percentile over the median.",
    "latency-contention": "The same alone and beside co-located work, over the inputs of the contention "
        "windows. Contention moves the median and stretches the tail, and not by one factor for all DNNs.",
    "coordination-potential": "What a choice per input that knows every outcome would reach on each "
        "setting: only the application adapting, only the system, or both. Crosses mark settings that it "
        "would violate.",
    "schemes-energy": "Mean energy of each scheme over oracle-static's on the settings that both keep. "
        "The figure above a bar counts the settings that the scheme violates, which a low bar may hide.",
    "schemes-error": "Mean error of each scheme over oracle-static's on the settings that both keep. "
        "Schemes that always run at full power violate most energy goals and are judged on the few that "
        "are left.",
    "versus-oracle": "Spread over settings of alert, of the oracle that chooses per input and of the "
        "best static choice. Each scheme is shown on the settings that it keeps.",
    "timeline": "alert on one stream through a window of co-located work: choice, busy time against the "
        "deadline, credited accuracy and what it believed. Rings mark inputs with nothing in time.",
    "variance-matters": "alert against the same without variance (alert-mean) and with one kind of DNN "
        "only. Ratios are over the settings that both keep, beside the share of settings violated.",
    "xi-distribution": "Slowdown of whole inferences against the profile, over all DNNs and caps, with "
        "the normal curve of the same mean and variance that ALERT assumes. A long right tail widens the "
        "curve for all.",
    "overhead": "Cost of one decision (the choice, and setting the cap) beside the inference that it "
        "steers, from a live run. The paper reports 0.6% to 1.7%.",
}

MAIN_CLAIMS = "What the paper claims of ALERT"
MORE_CLAIMS = "Violated settings, the variance, mixing, no coordination"


def escape(text):
    return html.escape(str(text))


def table(columns, rows):
    """Cells are HTML."""
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>")


def claim_cell(line):
    if line is None:
        return "–"
    cell = f"<b>{escape(text_of(line))}</b>"
    if line["low"] is not None:
        cell += f'<span class="interval">{escape(interval_of(line))}</span>'
    if line["is_ratio"] and line["settings"]:
        cell += f'<span class="interval">{line["settings"]} settings</span>'
    if line["verdict"]:
        cell += (f'<span class="verdict {line["verdict"].replace(" ", "-")}">'
                 f'{line["verdict"]}</span>')
    if "reason" in line:
        cell += f'<span class="interval">{escape(line["reason"])}</span>'
    return cell


def claims_table(lines, with_paper=True):
    """A row per claim, a column per results folder, pooled ones first."""
    places = dict.fromkeys((line["results"], line["file"]) for line in lines)
    places = sorted(places, key=lambda place: not place[0].startswith("all "))
    claims = dict.fromkeys((line["claim"], line["paper"]) for line in lines)
    by_place = {(line["claim"], line["results"]): line for line in lines}
    head = [f'{escape(name)}<span class="file">{escape(file).replace("/", "/<wbr>")}</span>'
            for name, file in places]
    return table(["claim"] + ["paper"] * with_paper + head, [
        [escape(claim)] + [escape(paper)] * with_paper
        + [claim_cell(by_place.get((claim, name))) for name, _ in places]
        for claim, paper in claims])


def claims_section(claims):
    def split(condition):
        return [line for line in claims if condition(line)]

    live = {line["claim"] for line in claims if line["settings"] is None}
    main = split(lambda line: line["paper"] != NO_FIGURE and line["claim"] not in live)
    return (
        f"<h2>{MAIN_CLAIMS}</h2>"
        "<p>Mean over the settings of all environments that both schemes keep, of alert's energy or "
        "credited error over the other's. “Best single level” is the better of app-only and sys-only at "
        "each setting, among those that keep it. In small: the 95% confidence interval by bootstrap over "
        "inputs (blocks of neighbours, schemes paired, every setting judged anew in each resample; "
        "<code>scripts/claims.py</code>). <i>Met</i> and <i>not met</i> hold for the whole interval; "
        "<i>open</i>: it has the limit inside.</p>"
        + claims_table(main)
        + claims_table(split(lambda line: line["claim"] in live))
        + f"<h2>{MORE_CLAIMS}</h2><p>The paper shows these without one figure to hold against. A share "
          "is that of settings violated, over all environments.</p>"
        + claims_table(split(lambda line: line["paper"] == NO_FIGURE), with_paper=False))


def percent(ratio):
    """1.123 as "12.3% more"."""
    return text_of({"value": ratio, "is_ratio": True})


def number(value):
    return "–" if value is None else f"{value:.2f}"


def differences_section(findings):
    """Why ours is not the paper's, each with the experiment that says so."""
    noise = {(line["noise"], line["Q_0"]): line for line in findings["noise"]}
    factors, floors = (sorted({key[i] for key in noise}) for i in (0, 1))
    quiet, loud, low, high = factors[0], factors[-1], floors[0], floors[-1]
    of_noise = lambda factor, q_0, metric: percent(noise[factor, q_0][f"{metric}_over_oracle"])
    by_q_0 = {(line["results"], line["Q_0"]): line for line in findings["q_0"]}
    moves = "; ".join(
        f"{escape(name)}: {percent(by_q_0[name, high]['energy_over_oracle'])} to "
        f"{percent(by_q_0[name, low]['energy_over_oracle'])}"
        for name in dict.fromkeys(name for name, _ in by_q_0))
    worst = max((line for line in findings["gap"] if line["energy_source"] != "simulated"),
                key=lambda line: line["energy_over_oracle"] * line["contention"])
    calm = next(line for line in findings["gap"] if not line["contention"]
                and (line["results"], line["environment"])
                == (worst["results"], worst["environment"]))

    goals = ["energy over oracle's", "violated", "error over oracle's", "violated"]
    goal_cells = lambda line: [percent(line["energy_over_oracle"]), f"{line['energy_violated']:.0%}",
                               percent(line["error_over_oracle"]), f"{line['error_violated']:.0%}"]
    return (
        "<h2>Where ours differs from the paper, and why</h2>"
        "<h3>Less error than app-only: the suites leave little room</h3>"
        "<p>app-only delivers the anytime DNN's last stage wherever it has the time. No scheme can have "
        "less error than the most accurate DNN, so a suite bounds the reduction that any scheme can show "
        "where app-only has that time: the last column. Where the bound is under the paper's 27%, the "
        "claim cannot be met there, whatever the scheduler does.</p>"
        + table(["results", "least error of any DNN", "error of the last anytime stage",
                 "greatest reduction"],
                [[escape(line["results"]), f"{line['least_error']:.1%}",
                  f"{line['anytime_error']:.1%}", f"{line['greatest_reduction']:.1%}"]
                 for line in findings["ceiling"]])
        + "<h3>More energy than the oracle on a quiet machine: the floor of the variance</h3>"
          f"<p>With the paper's Q_0 = {high:g}, sigma never falls under {high ** 0.5:.2f}: ALERT keeps a "
          "margin for slowdowns even where there are none. On the simulated laptop, alone and with its "
          f"latency noise times {quiet:g}, alert takes {of_noise(quiet, high, 'energy')} energy than the "
          f"oracle with that floor, and {of_noise(quiet, low, 'energy')} with Q_0 = {low:g}. On the "
          f"traces of each results folder the same step of Q_0 moves the distance so: {moves}. Where it "
          "does not move, the noise itself keeps sigma above the floor. sys-only, which keeps no such "
          "margin, is the other scheme that this shows against.</p>"
        + table(["results", "Q_0", "energy over sys-only's", *goals],
                [[escape(line["results"]), f"{line['Q_0']:g}",
                  percent(line["energy_over_sys-only"]), *goal_cells(line)]
                 for line in findings["q_0"]])
        + "<h3>More error than the oracle: noise that only the oracle sees coming</h3>"
          "<p>The oracle picks, per input, the luckiest of all configurations, so it gains from every "
          "independent wobble of the latency; a scheduler that must decide before cannot. On the same "
          f"simulated laptop, noise from {quiet:g} to {loud:g} times the platform's takes alert's error "
          f"from {of_noise(quiet, high, 'error')} than the oracle's to {of_noise(loud, high, 'error')} "
          f"with Q_0 = {high:g}, and from {of_noise(quiet, low, 'error')} to "
          f"{of_noise(loud, low, 'error')} with Q_0 = {low:g}.</p>"
        + table(["noise, times the platform's", "Q_0", *goals],
                [[f"{line['noise']:g}", f"{line['Q_0']:g}", *goal_cells(line)]
                 for line in findings["noise"]])
        + "<h3>Where the distance comes from: contention and its tail</h3>"
          "<p>Energy of alert over the oracle's when energy is minimized, over all settings, violated "
          "ones too, with the inputs in contention windows apart; beside it the xi that alert believed. "
          f"The greatest distance on a recorded suite is that of {escape(worst['results'])} in the windows of "
          f"{escape(worst['environment'])}: {percent(worst['energy_over_oracle'])}, and outside them "
          f"{percent(calm['energy_over_oracle'])}. xi's 99th percentile is "
          f"{number(worst['xi_p99'])} in them, its median {number(worst['xi_p50'])}: a short stage that "
          "loses its time slice is measured as many times slower, and one global xi carries that to the "
          "next choice among all configurations.</p>"
        + table(["results", "environment", "contention", "energy over oracle's", "xi p50", "p90",
                 "p99"],
                [[escape(line["results"]), escape(line["environment"]),
                  "on" if line["contention"] else "off", percent(line["energy_over_oracle"]),
                  *(number(line[f"xi_p{p}"]) for p in (50, 90, 99))] for line in findings["gap"]]))


def figure_html(file, slug):
    data = base64.b64encode(file.read_bytes()).decode()
    return (f'<figure id="{file.stem}"><img alt="{escape(file.stem)}" '
            f'src="data:image/png;base64,{data}"><figcaption><b>{escape(file.stem)}.</b> '
            f"{escape(CAPTIONS[slug])}</figcaption></figure>")


def figures_section(folder):
    """Each figure of this machine's suites, then the same of simulated machines."""
    found = {file.stem: file for file in folder.glob("*.png")}
    parts = [figure_html(found[name], slug) for slug in CAPTIONS
             for name in (slug, f"{slug}-simulated") if name in found]
    return "<h2>Figures</h2>" + "".join(parts)


def tables_section(all_results):
    parts = ["<h2>Tables</h2><p>What <code>alert-bench report</code> says of each results folder: a table "
             "per environment and task, and the harmonic means over them. Ratios are over the settings "
             "that both schemes keep; energy, error and late inputs over all settings.</p>"]
    for results in all_results:
        tables = results.read("tables.json")
        inner = "".join(f"<h3>{escape(one['title'])}</h3>" + table(
            map(escape, one["rows"][0]), [map(escape, row.values()) for row in one["rows"]])
            for one in tables if one["rows"])
        parts.append(f"<details><summary>{escape(results.title)}</summary>{inner}</details>")
    return "".join(parts)


def machine_section(all_results):
    rows = []
    for results in all_results:
        manifest = results.manifest
        config, machine = manifest["config"], manifest["machine"]
        platform = manifest.get("platform", {}).get("name") or config.get("platform")
        versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
        rows.append([escape(text) for text in (
            results.folder.name, results.profile["energy_source"], platform,
            f"{results.summary['results'][0]['inputs']} × {len(results.environments)} environments",
            f"{machine['processor']}, {machine['cores']} cores, {machine['system']}", versions,
            manifest["started_at"])])
    sources = {results.profile["energy_source"] for results in all_results}
    notes = {"emulated": "<b>emulated</b>: latencies, contention and answers are real; a cap stretches "
                         "each inference, and power is a formula of the cap and the real busy time",
             "simulated": "<b>simulated</b>: latency, contention and power all come from a made-up "
                          "machine's description",
             "measured": "<b>measured</b>: joules from the machine's own counters"}
    return ("<h2>Machines, versions, energy</h2><p>Energy is "
            + "; ".join(notes[source] for source in sorted(sources))
            + ". The machine named is the one that ran the replay; traces that were recorded elsewhere "
              "say so in their own folder's manifest.</p>"
            + table(["results", "energy", "platform", "inputs", "machine", "versions", "started"], rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, help="folder of scripts/reproduce_paper.sh")
    out = parser.parse_args().out
    try:
        claims, findings = (json.loads((out / name).read_text())
                            for name in ("claims.json", "differences.json"))
        folders = sorted(file.parent for file in out.glob("*/tables.json"))
        all_results = sorted(map(Results, folders), key=lambda r: r.name.startswith("simulated"))
        body = (claims_section(claims) + differences_section(findings)
                + figures_section(out / "figures") + tables_section(all_results)
                + machine_section(all_results))
    except OSError as error:
        parser.error(f"{error}; scripts/reproduce_paper.sh makes it")
    (out / "report.html").write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>ALERT, reproduced</title>'
        f"<style>{STYLE}</style></head><body><h1>ALERT, reproduced</h1>"
        "<p>The comparison of <i>ALERT: Accurate Learning for Energy and Timeliness</i> (USENIX ATC "
        "2020), made again by alert-bench: claims first, then where and why ours differs, then every "
        f"figure and table.</p>{body}</body></html>\n")
    print(out / "report.html")


if __name__ == "__main__":
    main()
