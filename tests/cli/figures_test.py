"""The figures of scripts/paper, on the results of a small simulation."""

import shutil
import tempfile
import unittest
import warnings
from pathlib import Path
from types import SimpleNamespace

from paper import style
from paper.figures import all_figures
from paper.results import Results
from support import SOURCE, CliTest, read, read_lines, run, small_simulation, write

FIGURES = all_figures()


class Figures(CliTest):

    @classmethod
    def setUpClass(cls):
        cls.results = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.results)
        process = run("run", "--config", small_simulation(cls.results),
                      "--out", cls.results / "out")
        if process.returncode != 0:
            raise AssertionError(process.stderr_text)

    def draw(self, slug, folders, **options):
        """The figure, laid out as it would be saved; a warning is a failure."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # `vert` of boxes: matplotlib 3.6 does not know what is to come after it.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            figure = FIGURES[slug].draw([Results(f) for f in folders], SimpleNamespace(**options))
            style.save(figure, self.folder / slug)
        for suffix in ".png", ".pdf":
            self.assertGreater((self.folder / (slug + suffix)).stat().st_size, 1000)
        return figure

    def test_a_figure_is_a_module_with_its_slug(self):
        modules = {file.stem for file in (SOURCE / "scripts/paper/figures").glob("*.py")}
        self.assertEqual({slug.replace("-", "_") for slug in FIGURES}, modules - {"__init__"})

    def test_of_one_and_of_several_folders(self):
        out = self.results / "out"
        for slug, figure in FIGURES.items():
            if not figure.of_suites:
                continue
            with self.subTest(slug):
                for folders in [out], [out, out]:
                    for axes in self.draw(slug, folders).axes:
                        if axes.axison:
                            self.assertTrue(axes.get_ylabel() or axes.get_title(loc="left"))

    def test_timeline(self):
        figure = self.draw("timeline", [self.results / "out"], scheme="alert",
                           environment="memory", setting=0, inputs=(0, 99))
        latency_ms = [x for line in figure.axes[0].lines if line.get_label() != "deadline"
                      for x in line.get_ydata()]
        logged_ms = [1e3 * line["outcome"]["busy_s"]
                     for line in read_lines(self.results / "out" / "inferences.jsonl")
                     if (line["scheme"], line["environment"], line["setting"])
                     == ("alert", "memory", 0)]
        self.assertTrue(set(logged_ms) <= set(latency_ms))
        with self.assertRaisesRegex(ValueError, "no such stream"):
            self.draw("timeline", [self.results / "out"], scheme="alert", environment="moon",
                      setting=0, inputs=(0, 99))

    def test_overhead_wants_a_live_run(self):
        with self.assertRaisesRegex(ValueError, "a live run has them, a replay has none"):
            self.draw("overhead", [self.results / "out"])
        shutil.copytree(self.results / "out", self.folder / "live")
        line = read_lines(self.results / "out" / "inferences.jsonl")[0]
        line["decision"]["overhead_s"] = 1e-5
        write(self.folder / "live" / "inferences.jsonl", line)
        figure = self.draw("overhead", [self.folder / "live"])
        share = 1e-5 / line["outcome"]["busy_s"]
        self.assertIn(f"mean 10.0 µs, {share:.2%}", figure.axes[0].texts[0].get_text())

    def test_potential_of_both_is_the_oracles(self):
        """What the figure computes for application and system together is what `oracle` does."""
        from paper.figures import coordination_potential
        results = Results(self.results / "out")
        summary = read(self.results / "out" / "summary.json")
        for environment, trace in results.traces.items():
            both = coordination_potential.potentials(results, trace)["both together"]
            for cell in summary["results"]:
                if cell["scheme"] != "oracle" or cell["environment"] != environment:
                    continue
                value = both.metric(results.grid[cell["setting"]])
                if cell["violated"]:
                    self.assertNotEqual(value, value)
                elif cell["task"] == "minimize-energy":
                    self.assertAlmostEqual(value, cell["mean_energy_j"], 6)
                else:
                    self.assertAlmostEqual(value, 100 * cell["mean_error"], 6)


if __name__ == "__main__":
    unittest.main()
