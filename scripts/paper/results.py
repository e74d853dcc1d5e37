"""A results folder (profile, traces, summary, log), read for the figures and the claims."""

import functools
import gzip
import json
import pathlib

import numpy as np


class Trace:
    """One environment's record, as arrays over its inputs (unit in the name), lost ones left out.

    stage_latency_s[model][input, cap, stage] is cumulative, stage_correct alike;
    busy_energy_j[input, model, cap], idle_power_w[input, model, cap], contention[input].
    """

    def __init__(self, file):
        with (gzip.open if file.suffix == ".gz" else open)(file, "rt") as lines:
            header, *runs = map(json.loads, lines)
        runs = [run for run in runs if "lost" not in run]
        self.environment = header["environment"]
        self.models = header["models"]
        model_index = {model["name"]: i for i, model in enumerate(self.models)}
        cap_index = {cap_w: i for i, cap_w in enumerate(header["power_caps_w"])}
        input_index = {i: n for n, i in enumerate(dict.fromkeys(run["input"] for run in runs))}
        inputs = len(input_index)
        shape = inputs, len(model_index), len(cap_index)

        self.busy_energy_j, self.idle_power_w = np.empty(shape), np.empty(shape)
        self.contention = np.zeros(inputs, bool)
        self.stage_latency_s = [np.empty((inputs, len(cap_index), len(model["accuracy"])))
                                for model in self.models]
        for run in runs:
            i, m = input_index[run["input"]], model_index[run["model"]]
            c = cap_index[run["cap_w"]]
            self.stage_latency_s[m][i, c] = run["stage_latency_s"]
            self.busy_energy_j[i, m, c] = run["busy_energy_j"]
            self.idle_power_w[i, m, c] = run["idle_power_w"]
            self.contention[i] = run["contention"]

    @property
    def contended_inputs(self):
        """Those beside co-located work; all of an environment without."""
        return self.contention if self.contention.any() else ~self.contention


class Results:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def __str__(self):
        return str(self.folder)

    def read(self, name):
        return json.loads((self.folder / name).read_text())

    @functools.cached_property
    def manifest(self):
        return self.read("manifest.json")

    @functools.cached_property
    def profile(self):
        return self.read("profile.json")

    @functools.cached_property
    def summary(self):
        return self.read("summary.json")

    @property
    def name(self):
        return self.manifest["name"]

    @property
    def title(self):
        """For above a panel. Every number says where it comes from."""
        return f"{self.name} ({self.energy_source} energy)"

    @property
    def energy_source(self):
        return self.profile["energy_source"]

    @property
    def environments(self):
        """Names, in the config's order."""
        return list(dict.fromkeys(row["environment"] for row in self.summary["rows"]))

    @property
    def schemes(self):
        return list(dict.fromkeys(row["scheme"] for row in self.summary["rows"]))

    @property
    def grid(self):
        return self.summary["grid"]

    @functools.cached_property
    def traces(self):
        """By environment, in the config's order."""
        traces = map(Trace, sorted((self.folder / "traces").glob("*.jsonl*")))
        by_name = {trace.environment: trace for trace in traces}
        if not by_name:
            raise ValueError(f"{self.folder}/traces: no traces")
        order = [e["name"] for e in self.manifest["config"]["environments"] if e["name"] in by_name]
        return {name: by_name[name] for name in order}

    @property
    def default_cap(self):
        """Index of the highest cap, at which nothing is limited."""
        return len(self.profile["power_caps_w"]) - 1

    @property
    def largest_traditional(self):
        """Index of the most accurate traditional DNN."""
        models = self.profile["models"]
        return max((i for i, model in enumerate(models) if model["kind"] == "traditional"),
                   key=lambda i: models[i]["accuracy"][-1])

    def rows(self, task):
        """The summary's rows of a task, by environment and scheme."""
        return {(row["environment"], row["scheme"]): row for row in self.summary["rows"]
                if row["task"] == task}

    def cells(self, task):
        """The summary's streams of a task."""
        return [cell for cell in self.summary["results"] if cell["task"] == task]

    def pair(self, environment, task, scheme, versus):
        """How scheme's metric compares with versus's on the settings that both keep."""
        return next(pair for pair in self.summary["pairs"]
                    if (pair["environment"], pair["task"], pair["scheme"], pair["versus"])
                    == (environment, task, scheme, versus))

    def pooled_ratio(self, task, scheme, versus):
        """scheme's metric over versus's, over all environments, on the settings that both keep;
        None where there is none."""
        pairs = [self.pair(environment, task, scheme, versus) for environment in self.environments]
        settings = sum(pair["settings_both_keep"] for pair in pairs)
        total = sum(pair["settings_both_keep"] * pair["metric_ratio"] for pair in pairs
                    if pair["settings_both_keep"])
        return total / settings if settings else None

    def log(self):
        """The lines of inferences.jsonl, one by one: a replayed grid's log takes gigabytes."""
        with open(self.folder / "inferences.jsonl") as lines:
            yield from map(json.loads, lines)

    def decision_costs(self, scheme="alert"):
        """overhead_s and busy_s of every input of a live run."""
        costs = np.array([(line["decision"]["overhead_s"], line["outcome"]["busy_s"])
                          for line in self.log()
                          if line["scheme"] == scheme and "lost" not in line
                          and line["decision"]["overhead_s"] is not None])
        if not len(costs):
            raise ValueError(f"{self}/inferences.jsonl: no measured decision of {scheme}: a live "
                             "run has them, a replay has none")
        return costs.T
