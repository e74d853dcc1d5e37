"""report.html: the claims, the figures and the tables of what scripts/reproduce_paper.sh made under
a folder, in one file that opens from disk."""

import base64
import json
import pathlib

import jinja2

from paper.claims import NO_FIGURE, interval_of, text_of
from paper.figures import all_figures
from paper.results import Results


def ratio_text(ratio):
    """1.123 as "12.3% more"."""
    return text_of({"value": ratio, "is_ratio": True})


def claims_table(lines):
    """A row per claim, a column per results folder, pooled ones first."""
    places = sorted(dict.fromkeys((line["results"], line["file"]) for line in lines),
                    key=lambda place: not place[0].startswith("all "))
    by_place = {(line["claim"], line["results"]): line for line in lines}
    claims = dict.fromkeys((line["claim"], line["paper"]) for line in lines)
    return {"places": places,
            "rows": [{"claim": claim, "paper": paper,
                      "lines": [by_place.get((claim, name)) for name, _ in places]}
                     for claim, paper in claims]}


def claims_tables(claims):
    of_live_runs = {line["claim"] for line in claims if line["settings"] is None}
    tables = {"with_figure": [], "of_live_runs": [], "without_figure": []}
    for line in claims:
        tables["of_live_runs" if line["claim"] in of_live_runs
               else "without_figure" if line["paper"] == NO_FIGURE else "with_figure"].append(line)
    return {name: claims_table(lines) for name, lines in tables.items()}


def goal_cells(line):
    """How a variant of alert does against the oracle on both tasks."""
    return [cell for metric in ("energy", "error")
            for cell in (ratio_text(line[f"{metric}_over_oracle"]),
                         f"{line[f'{metric}_violated']:.0%}")]


def noise_differences(lines):
    """The sweep's rows, and its corners: little and much noise, the floor Q_0 low and high."""
    by_corner = {(line["noise"], line["Q_0"]): line for line in lines}
    factors, floors = (sorted({corner[i] for corner in by_corner}) for i in (0, 1))
    quiet, loud, low, high = factors[0], factors[-1], floors[0], floors[-1]
    return {"quiet": quiet, "loud": loud, "low": low, "high": high,
            "quiet_low": by_corner[quiet, low], "quiet_high": by_corner[quiet, high],
            "loud_low": by_corner[loud, low], "loud_high": by_corner[loud, high],
            "rows": [[f"{line['noise']:g}", f"{line['Q_0']:g}", *goal_cells(line)]
                     for line in lines]}


def moves(lines):
    """Per results folder, the energy over the oracle's at the highest and the lowest Q_0."""
    by_name = {}
    for line in sorted(lines, key=lambda line: -line["Q_0"]):
        by_name.setdefault(line["results"], []).append(line["energy_over_oracle"])
    return [(name, ratios[0], ratios[-1]) for name, ratios in by_name.items()]


def differences(findings):
    """Why ours is not the paper's, each with the experiment that says so."""
    worst = max((line for line in findings["gap"]
                 if line["contention"] and line["energy_source"] != "simulated"),
                key=lambda line: line["energy_over_oracle"])
    calm = next(line for line in findings["gap"] if not line["contention"]
                and (line["results"], line["environment"])
                == (worst["results"], worst["environment"]))
    return {
        "ceiling": [[line["results"], *(f"{line[key]:.1%}" for key in
                                        ("least_error", "anytime_error", "greatest_reduction"))]
                    for line in findings["ceiling"]],
        "q_0": [[line["results"], f"{line['Q_0']:g}", ratio_text(line["energy_over_sys-only"]),
                 *goal_cells(line)] for line in findings["q_0"]],
        "moves": moves(findings["q_0"]),
        "noise": noise_differences(findings["noise"]),
        "worst": worst, "calm": calm,
        "gap": [[line["results"], line["environment"], "on" if line["contention"] else "off",
                 ratio_text(line["energy_over_oracle"]),
                 *(f"{line[f'xi_p{p}']:.2f}" for p in (50, 90, 99))] for line in findings["gap"]]}


def drawn_figures(folder):
    """Each figure of this machine's suites, then the same of simulated machines."""
    found = {file.stem: file for file in folder.glob("*.png")}
    return [{"name": name, "caption": figure.caption,
             "png": base64.b64encode(found[name].read_bytes()).decode()}
            for slug, figure in all_figures().items()
            for name in (slug, f"{slug}-simulated") if name in found]


def tables(results):
    """Title, head and rows of what `alert-bench report` told."""
    return [(table["title"], list(table["rows"][0]), [row.values() for row in table["rows"]])
            for table in results.read("tables.json") if table["rows"]]


def machine(results):
    """Where a results folder's figures come from."""
    manifest = results.manifest
    config, machine = manifest["config"], manifest["machine"]
    return [results.folder.name, results.energy_source,
            manifest.get("platform", {}).get("name") or config.get("platform"),
            f"{results.summary['results'][0]['inputs']} × {len(results.environments)} environments",
            f"{machine['processor']}, {machine['cores']} cores, {machine['system']}",
            ", ".join(f"{name} {version}" for name, version in manifest["versions"].items()),
            manifest["started_at"]]


def page(out):
    environment = jinja2.Environment(loader=jinja2.PackageLoader("paper"), autoescape=True,
                                     trim_blocks=True, lstrip_blocks=True,
                                     undefined=jinja2.StrictUndefined)
    environment.filters.update(ratio_text=ratio_text, value_text=text_of, interval_text=interval_of)
    claims, findings = (json.loads((out / name).read_text())
                        for name in ("claims.json", "differences.json"))
    all_results = sorted((Results(file.parent) for file in sorted(out.glob("*/tables.json"))),
                         key=lambda results: results.name.startswith("simulated"))
    return environment.get_template("report.html").render(
        claims=claims_tables(claims), differences=differences(findings),
        figures=drawn_figures(out / "figures"), all_results=all_results,
        tables=[(results.title, tables(results)) for results in all_results],
        machines=[machine(results) for results in all_results])


def run(options):
    file = options.out / "report.html"
    file.write_text(page(options.out))
    print(file)


def add_command(commands):
    parser = commands.add_parser("report", help="write report.html", description=__doc__)
    parser.add_argument("out", type=pathlib.Path, help="folder of scripts/reproduce_paper.sh")
    parser.set_defaults(run=run)
