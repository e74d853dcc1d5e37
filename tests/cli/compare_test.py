"""compare: what it gates, what it refuses to gate, and what it says above the table."""

import copy
import gzip
import json
import shutil
import tempfile
import unittest
from pathlib import Path

from support import CliTest, read, run, small_simulation, write

BAD_INPUT = 2
GATES = "--gate", "energy=2%", "--gate", "error=1%", "--gate", "violations=0"


class Compare(CliTest):
    """One simulated result, and what is made of it."""

    @classmethod
    def setUpClass(cls):
        cls.results = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.results)
        cls.config = small_simulation(cls.results)
        cls.base = cls.results / "base"
        process = run("run", "--config", cls.config, "--out", cls.base)
        if process.returncode != 0:
            raise AssertionError(process.stderr_text)

    def candidate(self, change=lambda summary: None, manifest=lambda manifest: None):
        """A copy of the base, changed."""
        out = Path(tempfile.mkdtemp(dir=self.folder))
        for name, edit in ("summary", change), ("manifest", manifest):
            document = copy.deepcopy(read(self.base / f"{name}.json"))
            edit(document)
            write(out / f"{name}.json", document)
        return out

    def assert_status(self, status, candidate, *arguments):
        process = run("compare", self.base, candidate, *(arguments or GATES))
        self.assertEqual(process.returncode, status, process.stdout_text + process.stderr_text)
        return process.stdout_text + process.stderr_text

    def test_itself(self):
        self.assert_status(0, self.base)
        self.assert_status(0, self.candidate(), *GATES, "--gate", "late=0%", "--gate", "lost=0")

    def test_a_summary_that_cannot_be(self):
        def set_all(key, value):
            def change(summary):
                for result in summary["results"]:
                    result[key] = value
            return change

        for key, value in (("mean_energy_j", -1), ("mean_energy_j", None), ("mean_energy_j", "1"),
                           ("mean_accuracy", 5), ("deadline_miss_rate", 1.5), ("violated", 0),
                           ("setting", 1000), ("task", "win")):
            with self.subTest(key=key, value=value):
                for gates in GATES, ("--format", "json"):
                    candidate = self.candidate(set_all(key, value))
                    text = self.assert_status(BAD_INPUT, candidate, *gates)
                    self.assertIn("/results/0", text)
        for key in "results", "grid", "rows", "pairs", "mode", "suite":
            with self.subTest(key):
                self.assertIn(key, self.assert_status(
                    BAD_INPUT, self.candidate(lambda summary: summary.pop(key))))
        folder = self.candidate()
        summary = read(folder / "summary.json")
        summary["results"][0]["mean_energy_j"] = float("nan")
        write(folder / "summary.json", summary)
        self.assertIn("not JSON", self.assert_status(BAD_INPUT, folder))

    def test_settings_that_are_missing(self):
        def drop(summary):
            summary["results"] = [r for r in summary["results"] if r["setting"] == 0]
        self.assertIn("missing", self.assert_status(1, self.candidate(drop)))

    def test_what_differs(self):
        def other_inputs(summary):
            for result in summary["results"]:
                result["inputs"] = 5
        changes = {
            "suite": dict(change=lambda summary: summary.update(suite="another")),
            "energy-source": dict(change=lambda s: s.update(energy_source="measured")),
            "mode": dict(change=lambda summary: summary.update(mode="live")),
            "inputs": dict(change=other_inputs),
            "goals": dict(change=lambda summary: summary["grid"][0].update(deadline_s=9)),
            "platform": dict(manifest=lambda m: m["platform"].update(name="another")),
        }
        for what, change in changes.items():
            with self.subTest(what):
                candidate = self.candidate(**change)
                self.assertIn(f"--allow-different {what} ",
                              self.assert_status(BAD_INPUT, candidate))
                self.assert_status(0, candidate, *GATES, "--allow-different", what)
                text = self.assert_status(0, candidate, "--format", "markdown")
                self.assertTrue(text.startswith(f"DIFFERENT {what}: "), text)
        both = self.candidate(**changes["suite"], **changes["platform"])
        self.assert_status(BAD_INPUT, both, *GATES, "--allow-different", "suite")
        self.assert_status(0, both, *GATES, "--allow-different", "suite,platform")
        self.assert_status(BAD_INPUT, both, *GATES, "--allow-different", "everything")

    def test_a_result_that_may_not_be_whole(self):
        failed = self.candidate(manifest=lambda manifest: manifest.update(status="failed"))
        self.assertIn('found "failed"', self.assert_status(BAD_INPUT, failed))
        absent = self.candidate()
        (absent / "manifest.json").unlink()
        self.assertIn("there is none", self.assert_status(BAD_INPUT, absent))
        text = self.assert_status(0, absent, "--format", "terminal")
        self.assertLess(text.find("UNFINISHED "), text.find("candidate against base"))
        self.assertIn("UNFINISHED ", text)

    def lose_beside_the_corunner(self):
        """The traces, with every input lost that the co-runner was beside."""
        folder = self.folder / "traces"
        folder.mkdir()
        for trace in (self.base / "traces").iterdir():
            with gzip.open(trace, "rt") as text:
                header, *lines = map(json.loads, text)
            lost = {}
            for line in lines:
                if line["contention"]:
                    lost[line["input"]] = {key: line[key] for key in (
                        "input", "group", "group_position", "group_size", "contention")}
                    lost[line["input"]]["lost"] = "the module threw"
            kept = [line for line in lines if line["input"] not in lost]
            lines = sorted(kept + list(lost.values()), key=lambda line: line["input"])
            (folder / trace.name[:-3]).write_text(
                "".join(json.dumps(line) + "\n" for line in [header, *lines]))
        return sorted(folder.iterdir())

    def test_inputs_that_were_lost(self):
        config = read(self.config)
        config["environments"] = [{"name": "memory", "contention": {
            "workload": "memory", "schedule": {"windows": [[2, 3]]}}}]
        config_file = write(self.folder / "config.json", config)
        base, out = self.folder / "base", self.folder / "out"
        self.assert_succeeds("run", "--config", config_file, "--out", base)
        self.base = base
        process = self.assert_succeeds(
            "replay", "--config", config_file, "--trace", *self.lose_beside_the_corunner(),
            "--set", f"profile={base / 'profile.json'}", "--out", out)
        self.assertIn("  lost  ", process.stdout_text)
        self.assert_valid("summary", read(out / "summary.json"))
        self.assertIn("lost=0: 2 more lost inputs", self.assert_status(1, out))
        self.assertNotIn("lost=", self.assert_status(1, out, "--gate", "energy=0%", "--gate",
                                                     "lost=100", "--gate", "late=0%", "--gate",
                                                     "error=0%", "--gate", "violations=0"))
        self.assertIn("0 -> 2", self.assert_status(0, out, "--format", "terminal"))

    def test_every_input_lost(self):
        def lose(summary):
            for result in summary["results"]:
                for key, value in result.items():
                    if isinstance(value, float):
                        result[key] = None
                result.update(inputs=0, lost=6, violated=True, reason="every input was lost")
                for key in result:
                    if key.startswith(("mean", "p50", "p95", "p99", "deadline", "below")):
                        result[key] = None
        candidate = self.candidate(lose)
        self.assert_valid("summary", read(candidate / "summary.json"))
        self.assertIn("lost=0: ", self.assert_status(1, candidate))
        self.assertIn("–", self.assert_succeeds("report", candidate).stdout_text)


if __name__ == "__main__":
    unittest.main()
