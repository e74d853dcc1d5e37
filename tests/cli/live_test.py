"""Live runs: what they write, and how they end and go on."""

import math
import os
import select
import shutil
import signal
import tempfile
import unittest
from pathlib import Path

from support import (CliTest, TIMEOUT_S, contention, read, read_lines, run, schema_errors,
                     small_config, small_suite, start, write)

INTERRUPTED = 4


def key(line):
    return line["environment"], line["setting"], line["scheme"], line["input"]


def expected_keys(config):
    return sorted((environment["name"], 0, scheme, i) for environment in config["environments"]
                  for scheme in config["schemes"] for i in range(config["inputs"]["count"]))


class LiveTest(CliTest):

    def assert_complete(self, out, config):
        """The log has each inference once, and the summary is what follows from it."""
        lines = read_lines(out / "inferences.jsonl")
        self.assertEqual(sorted(map(key, lines)), expected_keys(config))
        self.assertEqual(read(out / "manifest.json")["status"], "complete")

        summary = read(out / "summary.json")
        self.assertEqual(len(summary["results"]),
                         len(config["environments"]) * len(config["schemes"]))
        for result in summary["results"]:
            cell = [line for line in lines if key(line)[:3] == (
                result["environment"], result["setting"], result["scheme"])]
            self.assert_follows(result, cell, summary["grid"][result["setting"]])

    def assert_follows(self, result, cell, goal):
        outcomes = [line["outcome"] for line in cell]

        def mean(values):
            return sum(values) / len(cell)

        expected = {
            "inputs": len(cell),
            "mean_energy_j": mean(o["energy_j"] for o in outcomes),
            "mean_accuracy": mean(o["credited_accuracy"] for o in outcomes),
            "mean_error": 1 - mean(o["credited_accuracy"] for o in outcomes),
            "mean_correct": mean(o["correct"] for o in outcomes),
            "deadline_miss_rate": mean(o["stage"] == 0 for o in outcomes),
            "below_accuracy_goal_rate":
                mean(o["credited_accuracy"] < goal["accuracy"] for o in outcomes),
            "mean_latency_s": mean(o["latency_s"] for o in outcomes),
            "mean_overrun_s": mean(o["overrun_s"] for o in outcomes),
        }
        for name, value in expected.items():
            self.assertAlmostEqual(result[name], value, delta=2e-9, msg=name)
        self.assertEqual(result["violated"], expected["deadline_miss_rate"] > 0.1
                         or expected["below_accuracy_goal_rate"] > 0.1)
        latencies_s = sorted(o["latency_s"] for o in outcomes)
        for percent in 50, 95, 99:
            value = latencies_s[math.ceil(percent / 100 * len(cell)) - 1]
            self.assertAlmostEqual(result[f"p{percent}_latency_s"], value, delta=0.005 * value)


class WholeRun(LiveTest):
    """One run of the image suite, which the tests look at."""

    @classmethod
    def setUpClass(cls):
        cls.results = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.results)
        cls.config_file = small_config(
            cls.results, environments=[{"name": "default"}, contention("memory")])
        cls.config = read(cls.config_file)
        cls.out = cls.results / "out"
        cls.process = run("run", "--config", cls.config_file, "--out", cls.out)
        if cls.process.returncode != 0:
            raise AssertionError(cls.process.stderr_text)

    def test_output(self):
        self.assertIn("image / memory / minimize-energy (emulated)", self.process.stdout_text)
        self.assertEqual(self.process.stderr_text.splitlines()[-1], f"results: {self.out}")

    def test_files_are_valid(self):
        for kind in "manifest", "profile", "summary":
            self.assert_valid(kind, read(self.out / f"{kind}.json"))
        self.assert_valid("config", read(self.out / "manifest.json")["config"])
        manifest = read(self.out / "manifest.json")
        self.assertEqual(manifest["config"], self.config)
        self.assertEqual(manifest["versions"]["libtorch"], manifest["versions"]["libtorch_build"])
        self.assertEqual(manifest["torchscript"]["executor"], "profiling")
        self.assertIs(manifest["torchscript"]["fuser"], False)
        for line in read_lines(self.out / "inferences.jsonl"):
            self.assertEqual(schema_errors("inference", line), [], line)

    def test_log_and_summary(self):
        self.assert_complete(self.out, self.config)

    def test_contention_follows_the_schedule(self):
        for line in read_lines(self.out / "inferences.jsonl"):
            scheduled = line["environment"] == "memory" and 1 <= line["input"] <= 4
            self.assertEqual(line["outcome"]["contention"], scheduled)

    def test_conditions_are_told(self):
        manifest = read(self.out / "manifest.json")
        for document in manifest, read(self.out / "summary.json"):
            self.assertEqual([phase["phase"] for phase in document["machine_load"]["phases"]],
                             ["profile", "live default", "live memory"])
            memory, = document["contention"]
            self.assertEqual(memory["environment"], "memory")
            self.assertGreater(memory["running_cpu_s"], 0.1 * memory["running_s"])
            self.assertLess(memory["stopped_cpu_s"], 0.02 + 0.01 * memory["stopped_s"])
        found = manifest["machine_load"]["disturbance"]
        self.assertEqual("THE MACHINE WAS NOT QUIET" in self.process.stdout_text,
                         found is not None)
        self.assertEqual("was not quiet" in self.process.stderr_text, found is not None)


def quick_config(folder, deadline_s):
    """A config of one small model and one scheme, which idles until each deadline."""
    (folder / "suite").mkdir()
    write(folder / "suite" / "suite.json", small_suite())
    goal = {"task": "minimize-energy", "deadline_s": [deadline_s], "accuracy": [0.1]}
    inputs = {"count": 20, "warmup": 0, "profile": 2, "idle_gap_s": 0}
    return small_config(folder, folder / "suite", goals=[goal], inputs=inputs,
                        schemes=["sys-only"])


def children(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


class ExistingResults(LiveTest):

    def test_force_replaces(self):
        config = quick_config(self.folder, deadline_s=0.001)
        out = self.folder / "out"
        out.mkdir()
        write(out / "manifest.json", {"config": {}})
        (out / "old.json").touch()
        self.assert_succeeds("run", "--config", config, "--out", out, "--force")
        self.assert_complete(out, read(config))
        self.assertFalse((out / "old.json").exists())

    def test_resume_from_a_line_that_was_cut(self):
        config = quick_config(self.folder, deadline_s=0.001)
        out = self.folder / "out"
        self.assert_succeeds("run", "--config", config, "--out", out)
        (out / "summary.json").unlink()
        manifest = read(out / "manifest.json")
        write(out / "manifest.json", {**manifest, "status": "interrupted"})
        log = out / "inferences.jsonl"
        lines = log.read_text().splitlines(keepends=True)
        kept = "".join(lines[:30])  # of 40: into the second environment
        log.write_text(kept + lines[30][:50])

        self.assert_succeeds("run", "--config", config, "--out", out, "--resume")
        self.assert_complete(out, read(config))
        self.assertTrue(log.read_text().startswith(kept))


class EarlyEnd(LiveTest):

    def start_and_reach_contention(self, deadline_s):
        """The config, the results folder and the process, which has just started its co-runners."""
        config = quick_config(self.folder, deadline_s)
        out = self.folder / "out"
        process = start("run", "--config", config, "--out", out)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if line == "run small / compute\n":
                return config, out, process
        self.fail("the run ended before its contention began")

    def test_interrupt_and_resume(self):
        config, out, process = self.start_and_reach_contention(deadline_s=0.15)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, INTERRUPTED)
        last = errors.splitlines()[-1]  # the machine may not have been quiet, which is told before
        self.assertEqual(last, "alert-bench: interrupted; go on with --resume")
        manifest = read(out / "manifest.json")
        self.assert_valid("manifest", manifest)
        self.assertEqual(manifest["status"], "interrupted")
        self.assertFalse((out / "summary.json").exists())
        before = (out / "inferences.jsonl").read_text()
        self.assertGreaterEqual(before.count("\n"), 20)  # the environment before

        self.assert_succeeds("run", "--config", config, "--out", out, "--resume")
        self.assert_complete(out, read(config))
        self.assertTrue((out / "inferences.jsonl").read_text().startswith(before))

    def test_kill_leaves_no_child(self):
        _, _, process = self.start_and_reach_contention(deadline_s=1.0)
        workers = children(process.pid)
        self.assertEqual(len(workers), 1)
        ends = [os.pidfd_open(worker) for worker in workers]
        process.kill()
        for end in ends:
            self.addCleanup(os.close, end)
            poll = select.poll()
            poll.register(end, select.POLLIN)  # it has ended
            self.assertTrue(poll.poll(1000 * TIMEOUT_S), "a worker outlives the program")


if __name__ == "__main__":
    unittest.main()
