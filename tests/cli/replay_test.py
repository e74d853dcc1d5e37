"""Recording and replay, and the commands that read what they leave."""

import csv
import gzip
import io
import json
import os
import shutil
import tempfile
import unittest
from pathlib import Path

from support import (CliTest, IMAGE_SUITE, SOURCE, read, read_lines, run, schema_errors,
                     small_config, small_simulation, small_suite, write)


class Replay(CliTest):
    """One recording with all kinds of schemes, which the tests look at and replay."""

    @classmethod
    def setUpClass(cls):
        cls.results = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.results)
        (cls.results / "suite").mkdir()
        write(cls.results / "suite" / "suite.json",
              small_suite(("resnet-xxs", "resnet-s", "anytime-resnet")))
        cls.config_file = small_config(
            cls.results, cls.results / "suite", mode="replay",
            goals=[{"task": "minimize-energy", "deadline_scale": [1.0], "accuracy": {"levels": 1}},
                   {"task": "maximize-accuracy", "deadline_scale": [1.0], "energy": {"levels": 1}}],
            schemes=["alert", "app-only", "oracle-static", "oracle", "oracle-clairvoyant"])
        cls.config = read(cls.config_file)
        cls.out = cls.results / "out"
        cls.process = run("run", "--config", cls.config_file, "--out", cls.out)
        if cls.process.returncode != 0:
            raise AssertionError(cls.process.stderr_text)
        cls.traces = [cls.out / "traces" / f"{name}.jsonl.gz" for name in ("default", "compute")]

    def replay(self, out, *arguments, traces=None, **options):
        return self.assert_succeeds("replay", "--trace", *(traces or self.traces), "--config",
                                    self.config_file, "--out", out, *arguments, **options)

    def test_files_are_valid(self):
        for kind in "manifest", "profile", "summary":
            self.assert_valid(kind, read(self.out / f"{kind}.json"))
        for trace in self.traces:
            with gzip.open(trace, "rt") as lines:
                for line in lines:
                    self.assertEqual(schema_errors("trace", json.loads(line)), [], line)

    def test_every_scheme_meets_every_input(self):
        lines = read_lines(self.out / "inferences.jsonl")
        for line in lines:
            self.assertEqual(schema_errors("inference", line), [], line)
        found = {(line["environment"], line["setting"], line["scheme"], line["input"])
                 for line in lines}
        self.assertEqual(found, {(environment, setting, scheme, i)
                                 for environment in ("default", "compute") for setting in (0, 1)
                                 for scheme in self.config["schemes"] for i in range(6)})
        self.assertEqual(len(lines), len(found))

    def test_replays_are_identical(self):
        for traces in self.traces, self.traces[::-1]:  # in whatever order they are named
            out = self.folder / traces[0].stem
            process = self.replay(out, traces=traces)
            self.assertEqual(process.stdout_text, self.process.stdout_text)
            for file in "inferences.jsonl", "summary.json":
                self.assertEqual((out / file).read_bytes(), (self.out / file).read_bytes(), file)
            self.assert_valid("manifest", read(out / "manifest.json"))

    def test_replay_needs_neither_models_nor_libtorch(self):
        config_file = write(self.folder / "config.json", {
            **self.config, "suite": "/nothing", "platform": "/nothing"})
        process = self.assert_succeeds(
            "replay", "--trace", *self.traces, "--config", config_file, "--out",
            self.folder / "out", env={**os.environ, "LD_DEBUG": "files"})
        self.assertIn("libfmt", process.stderr_text)
        self.assertNotIn("torch", process.stderr_text.replace(str(self.traces[0]), ""))

    def test_the_manifest_of_a_replay_holds_what_was_used(self):
        config_file = write(self.folder / "config.json", {
            **self.config, "$schema": "x.json", "inputs": {"count": 5000, "seed": 9}})
        self.assert_succeeds("replay", "--trace", *self.traces[::-1], "--config", config_file,
                             "--out", self.folder / "out", "--schemes", "alert")
        manifest = read(self.folder / "out" / "manifest.json")
        self.assert_valid("manifest", manifest)
        self.assertEqual(manifest["config"], {
            **{key: self.config[key] for key in ("schema_version", "name", "mode", "goals")},
            "schemes": ["alert"], "environments": [{"name": "default"}, {"name": "compute"}]})
        self.assertIsNone(manifest["seed"])
        self.assertEqual(manifest["platform"], read(self.out / "manifest.json")["platform"])

    def test_replay_refuses_what_it_does_not_go_by(self):
        def refuse(*arguments):
            process = run("replay", "--trace", *self.traces, "--config", self.config_file, "--out",
                          self.folder / "out", *arguments)
            self.assertEqual(process.returncode, 2, process.stderr_text)
            self.assertFalse((self.folder / "out").exists())
            return process.stderr_text

        for key, value in (("inputs.count", 5000), ("inputs", '{"count":3}'), ("suite", "x"),
                           ("platform", "x"), ("environments.0.name", "x"), ("on_error", "skip")):
            self.assertIn(f"--set {key}={value}: this command does not go by "
                          f"\"{key.split('.')[0]}\"", refuse("--set", f"{key}={value}"))
        self.assertIn("--seed: this command does not go by \"inputs\"", refuse("--seed", 3))
        # A suite that is here, but is not the one that was recorded.
        self.config_file = write(self.folder / "config.json", {
            **self.config, "suite": str(SOURCE / "models" / "speech")})
        self.assertIn("/suite: the traces are of the suite", refuse())

    def test_report(self):
        def report(*arguments):
            return self.assert_succeeds("report", self.out, *arguments).stdout_text

        self.assertEqual(report(), self.process.stdout_text)
        self.assertIn("\n| --- | ---: |", report("--format", "markdown"))
        rows = list(csv.reader(io.StringIO(report("--format", "csv"))))
        self.assertEqual(rows[0][:2], ["table", "scheme"])
        tables = json.loads(report("--format", "json"))
        # 2 environments x 2 tasks, the harmonic means, and the paper's claims
        self.assertEqual(len(tables), 6)
        self.assertEqual([row["scheme"] for row in tables[0]["rows"]], self.config["schemes"])

    def test_trace_events(self):
        def events(*arguments):
            text = self.assert_succeeds("report", self.out, "--format", "perfetto",
                                        *arguments).stdout_text
            return json.loads(text)["traceEvents"]

        def streams(found):
            return [event["args"]["name"] for event in found if event["name"] == "process_name"]

        self.assertEqual(len(streams(events())), 2 * 2 * len(self.config["schemes"]))
        one = events("--scheme", "alert", "--environment", "compute", "--setting", 1)
        self.assertEqual(streams(one), ["alert / compute / setting 1 (maximize-accuracy)"])
        tracks = {event["tid"]: event["args"]["name"] for event in one
                  if event["name"] == "thread_name"}
        slices = [tracks[event["tid"]] for event in one if event["ph"] == "X"]
        self.assertEqual(slices.count("inferences"), 6)
        self.assertEqual(slices.count("contention"), 1)

        process = run("report", self.out, "--format", "perfetto", "--scheme", "alrt")
        self.assertEqual((process.returncode, process.stdout_text), (2, ""))
        self.assertIn("no such stream", process.stderr_text)
        process = run("report", self.out, "--scheme", "alert")
        self.assertEqual(process.returncode, 2)
        self.assertIn("are for --format perfetto", process.stderr_text)

    def test_validate(self):
        files = [self.config_file, self.results / "platform.json", IMAGE_SUITE,
                 IMAGE_SUITE / "suite.json", self.out / "profile.json", *self.traces,
                 self.out / "inferences.jsonl", self.out / "summary.json"]
        process = self.assert_succeeds("validate", *files)
        for file, line in zip(files, process.stdout_text.splitlines(), strict=True):
            self.assertTrue(line.startswith(f"{file}: "), line)

    def test_validate_tells_of_every_bad_file(self):
        trace = self.folder / "cut.jsonl"
        with gzip.open(self.traces[0], "rt") as lines:
            trace.write_text("".join(lines.readlines()[:-1]))
        other = write(self.folder / "other.json", {"schema_version": 1})
        process = run("validate", trace, other, self.config_file)
        self.assertEqual(process.returncode, 2)
        first, second = process.stderr_text.splitlines()
        self.assertRegex(first, f"^alert-bench: {trace}:[0-9]+: /: the trace breaks off here")
        self.assertTrue(second.startswith(f"alert-bench: {other}: /: is neither"), second)
        self.assertTrue(process.stdout_text.startswith(f"{self.config_file}: "))


class Simulation(CliTest):

    def test_run_simulate_and_replay_agree(self):
        config = small_simulation(self.folder)
        out, recording, replayed = (self.folder / name for name in ("out", "recording", "replayed"))
        self.assert_succeeds("run", "--config", config, "--out", out)
        self.assert_succeeds("simulate", "--config", config, "--out", recording)
        traces = [recording / "traces" / f"{environment['name']}.jsonl.gz"
                  for environment in read(config)["environments"]]
        self.assert_succeeds("replay", "--trace", *traces, "--config", config, "--out", replayed)
        for file in "inferences.jsonl", "summary.json":
            self.assertEqual((replayed / file).read_bytes(), (out / file).read_bytes(), file)
        for folder in out, recording, replayed:
            self.assert_valid("manifest", read(folder / "manifest.json"))
        self.assert_valid("summary", read(out / "summary.json"))


class Commands(CliTest):

    def test_help_and_version(self):
        text = self.assert_succeeds("--help").stdout_text
        commands = [line.split()[0] for line in text.partition("Subcommands:\n")[2].splitlines()
                    if line.startswith("  ") and not line.startswith("   ")]
        self.assertIn("run", commands)
        version = self.assert_succeeds("--version").stdout_text
        self.assertRegex(version, r"^alert-bench \d+\.\d+\.\d+\n$")
        for command in commands:
            self.assertIn(f"Usage: alert-bench {command} ",
                          self.assert_succeeds(command, "--help").stdout_text)
            self.assertEqual(self.assert_succeeds(command, "--version").stdout_text, version)

    def test_doctor(self):
        text = self.assert_succeeds("doctor").stdout_text
        for finding in "ok suite models/image", "ok limiter emulated":
            self.assertIn(finding, text)
        self.assertRegex(text, r"(?m)^(ok|--) CPU +\d+ cores")
        self.assertRegex(text, r"(?m)^(ok|--) quiet ")
        self.assertRegex(text, r"ok LibTorch +[\d.]+; kernels: .+; "
                         "TorchScript: profiling executor, fuser off; BLAS: ")

    def test_what_is_shipped_is_valid(self):
        configs = sorted((SOURCE / "configs").glob("*.json"))
        platforms = sorted((SOURCE / "configs" / "platforms").glob("*.json"))
        suites = sorted((SOURCE / "models").glob("*/suite.json"))
        for kind, files in ("config", configs), ("platform", platforms), ("suite", suites):
            self.assertTrue(files)
            for file in files:
                self.assertEqual(schema_errors(kind, read(file)), [], file)
        self.assert_succeeds("validate", *configs, *platforms, *suites)


if __name__ == "__main__":
    unittest.main()
