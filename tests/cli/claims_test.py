"""scripts/paper: the claims are the summary's, their intervals those of a bootstrap; the report."""

import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from paper import claims, differences
from support import SOURCE, CliTest, read, run, small_simulation, write


def script(name, *arguments):
    return subprocess.run([SOURCE / "scripts/alert-paper", name, *arguments],
                          capture_output=True, text=True)


class Resamples(unittest.TestCase):

    def test_draw_as_many_as_there_are_in_blocks(self):
        counts = claims.block_resamples(64, np.random.default_rng(1))
        self.assertTrue((counts[0] == 1).all())
        self.assertEqual(counts.shape, (claims.RESAMPLES + 1, 64))
        self.assertTrue((counts.sum(axis=1) == 64).all())
        # Blocks of 4: neighbours are drawn together.
        drawn = counts[1:] > 0
        together = (drawn & np.roll(drawn, 1, axis=1)).sum() / drawn.sum()
        self.assertGreater(together, 0.75)

    def test_spread_is_that_of_a_mean(self):
        values = np.random.default_rng(2).normal(size=1000)
        counts = claims.block_resamples(1000, np.random.default_rng(1))
        means = counts[1:] @ values / 1000
        self.assertAlmostEqual(means.std(), values.std() / 1000 ** 0.5, delta=0.005)


class Statistics(unittest.TestCase):
    """Two resamples of one environment: energy in J at two settings."""

    def streams(self, **schemes):
        metric, kept = (np.array([schemes[name][part] for name in schemes], float)
                        for part in (0, 1))
        # [scheme, resample, setting] to [resample, scheme, environment, setting]
        metric, kept = (array.swapaxes(0, 1)[:, :, None] for array in (metric, kept))
        streams = SimpleNamespace(schemes=list(schemes), metric=metric, kept=kept.astype(bool),
                                  minimizes_energy=np.array([True, True]))
        for method in "of_task", "scheme", "best_of":
            setattr(streams, method, getattr(claims.Streams, method).__get__(streams))
        return streams

    def test_ratio_is_over_the_best_that_keeps_the_setting(self):
        streams = self.streams(alert=([[1, 2], [1, 2]], [[1, 1], [1, 0]]),
                               app=([[4, 4], [4, 4]], [[1, 1], [1, 1]]),
                               sys=([[2, 1], [2, 1]], [[1, 0], [1, 0]]))
        total, count = claims.ratio(claims.ENERGY, "app", "sys")(streams)
        self.assertEqual(total.tolist(), [1 / 2 + 2 / 4, 1 / 2])
        self.assertEqual(count.tolist(), [2, 1])
        total, count = claims.violated(claims.ENERGY, "sys")(streams)
        self.assertEqual((total / count).tolist(), [0.5, 0.5])

    def test_verdicts(self):
        claim = claims.Claim("c", "3% more", None, (), 1.03)

        def verdict(values):
            values = np.concatenate([[np.mean(values)], np.resize(values, claims.RESAMPLES)])
            line = claims.entry(claim, "r", "emulated", "f", (values, np.ones(len(values))))
            return line["verdict"], claims.text_of(line), claims.interval_of(line)
        self.assertEqual(verdict([0.9, 1.0]), ("met", "5.0% less", "10.0% less to 0.0% more"))
        self.assertEqual(verdict([0.8, 0.9]), ("met", "15.0% less", "10.0% to 20.0% less"))
        self.assertEqual(verdict([1.05, 1.07]), ("not met", "6.0% more", "5.0% to 7.0% more"))
        self.assertEqual(verdict([1.01, 1.05])[0], "open")
        nothing = np.zeros(claims.RESAMPLES + 1)
        line = claims.entry(claim, "r", "emulated", "f", (nothing, nothing))
        self.assertEqual((line["value"], line["verdict"], line["reason"]),
                         (None, None, "no setting that both keep"))


class Program(CliTest):

    @classmethod
    def setUpClass(cls):
        cls.results = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.results)
        config = read(small_simulation(cls.results))
        config["inputs"].update(count=40, group_size=[1, 3])
        for goal in config["goals"]:
            goal["deadline_scale"] = [1.0, 2.0]
        process = run("run", "--config", write(cls.results / "grouped.json", config),
                      "--out", cls.results / "out")
        if process.returncode != 0:
            raise AssertionError(process.stderr_text)
        log = cls.results / "out" / "inferences.jsonl"
        cls.log_lines = log.read_text().splitlines()
        process = script("reduce-log", cls.results / "out")
        if process.returncode != 0 or log.exists():
            raise AssertionError(process.stderr)

    def claims(self, *arguments):
        return script("claims", *arguments, "--out", self.folder / "claims.json")

    def test_arrays_are_the_logs(self):
        arrays = dict(np.load(self.results / "out" / "inferences.npz"))
        for line in map(json.loads, self.log_lines):
            e = arrays["environments"].tolist().index(line["environment"])
            place = (arrays["schemes"].tolist().index(line["scheme"]), e, line["setting"],
                     line["input"])
            outcome = line["outcome"]
            self.assertEqual(
                [arrays[name][place] for name in ("energy_j", "accuracy", "late")],
                [outcome["energy_j"], outcome["credited_accuracy"], not outcome["deadline_met"]])
            self.assertEqual(arrays["group"][e, line["input"]], line["group"])
            self.assertEqual(arrays["contention"][e, line["input"]], outcome["contention"])
            if line["estimator"]:
                self.assertEqual(arrays["xi_mean"][place], line["estimator"]["xi_mean"])
            else:
                self.assertTrue(np.isnan(arrays["xi_mean"][place]))

    def test_streams_are_judged_as_the_summary_judges_them(self):
        streams = claims.Streams(claims.Results(self.results / "out"))
        for cell in read(self.results / "out" / "summary.json")["results"]:
            if cell["scheme"] == "oracle-clairvoyant":
                continue  # judged by measured accuracy
            place = (0, streams.schemes.index(cell["scheme"]),
                     streams.results.environments.index(cell["environment"]), cell["setting"])
            metric = "mean_energy_j" if cell["task"] == "minimize-energy" else "mean_error"
            self.assertAlmostEqual(streams.metric[place], cell[metric], 8, cell)
            self.assertEqual(streams.kept[place], not cell["violated"], cell)

    def test_ratios_are_the_summarys_pairs(self):
        out = self.results / "out"
        process = self.claims(out)
        self.assertEqual(process.returncode, 0, process.stderr)
        lines = {line["claim"]: line for line in read(self.folder / "claims.json")}
        pairs = read(out / "summary.json")["pairs"]
        for metric, task in ("energy", "minimize-energy"), ("error", "maximize-accuracy"):
            of_oracle = [pair for pair in pairs if (pair["scheme"], pair["versus"], pair["task"])
                         == ("alert", "oracle", task) and pair["settings_both_keep"]]
            settings = sum(pair["settings_both_keep"] for pair in of_oracle)
            line = lines[f"{metric} against the oracle"]
            self.assertEqual(line["settings"], settings)
            total = sum(pair["settings_both_keep"] * pair["metric_ratio"] for pair in of_oracle)
            self.assertAlmostEqual(line["value"], total / settings, 6)
            self.assertLessEqual(line["low"], line["value"])
            self.assertGreaterEqual(line["high"], line["value"])
        self.assertIn("energy against the oracle", process.stdout)

    def test_folders_of_one_source_are_pooled(self):
        self.assertEqual(self.claims(self.results / "out", self.results / "out").returncode, 0)
        lines = [line for line in read(self.folder / "claims.json")
                 if line["claim"] == "energy against the oracle"]
        self.assertEqual([line["results"] for line in lines],
                         ["simulated-laptop", "simulated-laptop", "all simulated"])
        self.assertAlmostEqual(lines[0]["value"], lines[2]["value"])
        self.assertEqual(2 * lines[0]["settings"], lines[2]["settings"])

    def test_report_is_one_file_with_the_claims(self):
        shutil.copytree(self.results / "out", self.folder / "out")
        tables = run("report", self.folder / "out", "--format", "json").stdout_text
        (self.folder / "out" / "tables.json").write_text(tables)
        (self.folder / "figures").mkdir()
        (self.folder / "figures" / "timeline.png").write_bytes(b"a picture")
        self.assertEqual(self.claims(self.folder / "out").returncode, 0)
        ratios = {f"{metric}_{of}": 1.05 for metric in ("energy", "error")
                  for of in ("over_oracle", "over_sys-only", "violated")}
        write(self.folder / "differences.json", {
            "ceiling": differences.ceilings([claims.Results(self.folder / "out")]),
            "gap": [{"results": "r", "environment": "memory", "contention": contention,
                     "energy_source": "emulated", "energy_over_oracle": 1.2,
                     "xi_p50": 1.0, "xi_p90": 2.0, "xi_p99": 3.0} for contention in (False, True)],
            "q_0": [{"results": "r", "Q_0": q_0, **ratios} for q_0 in (0.1, 0.001)],
            "noise": [{"noise": noise, "Q_0": q_0, **ratios} for noise in (0, 1)
                      for q_0 in (0.1, 0.001)]})
        process = script("report", self.folder)
        self.assertEqual(process.returncode, 0, process.stderr)
        page = (self.folder / "report.html").read_text()
        line = next(line for line in read(self.folder / "claims.json")
                    if line["claim"] == "energy against the oracle")
        self.assertIn(f"<b>{claims.text_of(line)}</b>", page)
        self.assertIn('src="data:image/png;base64,YSBwaWN0dXJl"', page)
        self.assertNotRegex(page, 'src="(?!data:)|<link|<script|@import|url\\(')

    def test_a_cut_log_is_refused_and_kept(self):
        folder = self.folder / "cut"
        shutil.copytree(self.results / "out", folder)
        (folder / "inferences.jsonl").write_text("\n".join(self.log_lines[:-100]))
        process = script("reduce-log", folder)
        self.assertEqual(process.returncode, 2)
        self.assertIn("lines are missing", process.stderr)
        self.assertTrue((folder / "inferences.jsonl").exists())


if __name__ == "__main__":
    unittest.main()
