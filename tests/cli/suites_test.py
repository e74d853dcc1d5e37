"""Suites of one's own: models/README.md's example, and inputs that models fail on."""

import re
import subprocess
import unittest
from typing import List, Tuple

import torch
from torch import Tensor, nn

from support import (CliTest, PROGRAM, SOURCE, TIMEOUT_S, read, read_lines, run, sha256,
                     small_config, write)

BAD_INPUT = 2


class Example(CliTest):

    def test_readme(self):
        """What models/README.md tells a user to do works as it stands there."""
        text = (SOURCE / "models" / "README.md").read_text()
        program = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
        commands = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1]
        (self.folder / "example.py").write_text(program)
        for name in "scripts", "configs":
            (self.folder / name).symlink_to(SOURCE / name)
        commands = commands.replace("build/release/alert-bench", PROGRAM)
        process = subprocess.run(["bash", "-euc", commands], cwd=self.folder, text=True,
                                 capture_output=True, timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertIn('suite "my-suite": 2 models, 2000 items', process.stdout)
        summary = read(self.folder / "runs" / "my-suite" / "summary.json")
        self.assertEqual(summary["suite"], "my-suite")
        suite = read(self.folder / "my-suite" / "suite.json")
        self.assert_valid("suite", suite)
        linear, anytime = (model["accuracy"] for model in suite["models"])
        self.assertEqual(len(anytime), 3)
        self.assertGreater(anytime[-1], linear[0])


class Shipped(CliTest):

    def test_suites_load_and_run(self):
        platform = SOURCE / "configs" / "platforms" / "emulated-laptop.json"
        for name in "image", "speech", "sentence":
            with self.subTest(name):
                out = self.folder / f"{name}.json"
                self.assert_succeeds("profile", "--suite", SOURCE / "models" / name, "--platform",
                                     platform, "--burst", 1, "--inputs", 2, "--out", out)
                self.assert_valid("profile", read(out))
                self.assertEqual("catch_up_s" in read(out)["models"][0], name == "sentence")


class Picky(nn.Module):
    """Right on all items but the negative ones, which it cannot bear."""

    def forward(self, x):
        assert bool(x.min() >= 0), "negative"
        return x


class Blank(nn.Module):
    """Not a number where the item is negative."""

    def forward(self, x):
        return x / (x >= 0).float().min() if bool(x.min() < 0) else x


def tiny_suite(folder, module, bad=()):
    """Of 40 items in two splits; those that are bad are negative."""
    suite = folder / "suite"
    suite.mkdir(exist_ok=True)
    items = torch.eye(4).repeat(10, 1)
    items[list(bad)] *= -1
    torch.save(items, suite / "items.pt")
    torch.save(torch.arange(4).repeat(10), suite / "labels.pt")
    torch.jit.script(module).save(str(suite / "model.pt"))
    write(suite / "suite.json", {
        "schema_version": 1, "name": "tiny", "task": "test", "metric": "accuracy",
        "classes": 4, "q_fail": 0.25,
        "data": {"format": "tensors", "items": "items.pt", "labels": "labels.pt",
                 "splits": {"profiling": [0, 19], "evaluation": [20, 39]}},
        "models": [{"name": "model", "file": "model.pt", "kind": "traditional",
                    "sha256": sha256(suite / "model.pt"), "accuracy": [0.9]}]})
    return suite


class Narrow(nn.Module):
    """Of three classes, where the suite has four."""

    def forward(self, x):
        return x[:, :3]


class OneItem(nn.Module):
    """Can do with one item only."""

    def forward(self, x):
        return x.view(1, 4)


class Deep(CliTest):

    def validate(self, module, *arguments):
        suite = tiny_suite(self.folder, module)
        return run("validate", *arguments, suite)

    def test_models_are_run(self):
        process = self.validate(Picky(), "--deep")
        self.assertEqual(process.returncode, 0, process.stderr_text)
        self.assertIn("each model runs on an input", process.stdout_text)

    def test_a_model_that_does_not_fit(self):
        for module, reason in (
                (Narrow(), "gave Float logits of shape [2, 3], not Float of shape [2, 4]"),
                (OneItem(), "shape '[1, 4]' is invalid for input of size 8")):
            with self.subTest(type(module).__name__):
                process = self.validate(module)
                self.assertEqual(process.returncode, 0, process.stderr_text)
                self.assertIn("no model was run: --deep does that", process.stdout_text)
                process = self.validate(module, "--deep")
                self.assertEqual(process.returncode, BAD_INPUT)
                self.assertRegex(
                    process.stderr_text,
                    r'an input of 2 item\(s\): model "model" \(.*model\.pt\), stage 1: ')
                self.assertIn(reason, process.stderr_text)


class BadInputs(CliTest):
    """A suite of 40 items of which the last, in each split of 20, is bad."""

    bad = (19, 39)

    def make_suite(self, module):
        return tiny_suite(self.folder, module, self.bad)

    def config(self, module, **changes):
        inputs = {"count": 20, "warmup": 0, "profile": 20, "idle_gap_s": 0}
        return small_config(self.folder, self.make_suite(module), inputs=inputs,
                            environments=[{"name": "default"}], schemes=["sys-only"], **changes)

    def reason(self, process):
        return process.stderr_text.strip().splitlines()[-1]

    def test_stop(self):
        process = run("run", "--config", self.config(Picky()), "--out", self.folder / "out")
        self.assertEqual(process.returncode, BAD_INPUT)
        self.assertRegex(self.reason(process),
                         r'input \d+ \(item 19 of .*items\.pt\): model "model" \(.*model\.pt\), '
                         r'stage 1: .*negative')
        self.assertIn('set "on_error": "skip"', self.reason(process))

    def test_not_a_number(self):
        process = run("run", "--config", self.config(Blank()), "--out", self.folder / "out")
        self.assertEqual(process.returncode, BAD_INPUT)
        self.assertIn("stage 1: gave logits that are not finite numbers", self.reason(process))

    def test_skip(self):
        for mode in "live", "replay":
            with self.subTest(mode):
                self.tearDown_suite()
                out = self.folder / mode
                config = self.config(Picky(), on_error="skip", mode=mode)
                process = self.assert_succeeds("run", "--config", config, "--out", out)
                self.assertIn("1 of 20 inputs lost; the first: input ", process.stderr_text)
                self.assertIn("negative", process.stderr_text)
                lines = read_lines(out / "inferences.jsonl")
                lost = [line for line in lines if "lost" in line]
                self.assertEqual(len(lines), 20)
                self.assertEqual(len(lost), 1)
                self.assertIsNone(lost[0]["outcome"])
                for line in lines:
                    self.assert_valid("inference", line)
                result, = read(out / "summary.json")["results"]
                self.assertEqual((result["inputs"], result["lost"]), (19, 1))
                self.assertEqual(result["mean_correct"], 1.0)
                self.assert_succeeds("validate", out / "inferences.jsonl")
                if mode == "replay":
                    trace = out / "traces" / "default.jsonl.gz"
                    self.assertIn("20 inputs", self.assert_succeeds("validate", trace).stdout_text)

    def tearDown_suite(self):
        for file in sorted((self.folder / "suite").glob("*")):
            file.unlink()
        if (self.folder / "suite").exists():
            (self.folder / "suite").rmdir()


class Words(nn.Module):
    """Says the word after the last one in the vocabulary; carries how many words it has read."""

    def forward(self, x: Tensor, carried: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        read = int(carried[0]) if len(carried) > 0 else 0
        assert read < x.size(1), "no new word"
        answer = (x[0, -1] + 1) % 6
        return nn.functional.one_hot(answer, 6).float()[None], [torch.tensor(x.size(1))]


class Sentences(CliTest):
    """A sequential suite of sentences that count up, and one word that does not follow."""

    def test_replay_and_live(self):
        suite = self.folder / "suite"
        suite.mkdir()
        (suite / "words.txt").write_text("<unknown>\n<s>\nb\nc\nd\ne\n")
        (suite / "lines.txt").write_text("b c d\nb c\nb c d e\nb c d e\nb c d b\n")
        torch.jit.script(Words()).save(str(suite / "model.pt"))
        write(suite / "suite.json", {
            "schema_version": 1, "name": "tiny", "task": "test", "metric": "accuracy",
            "classes": 6, "q_fail": 0,
            "data": {"format": "text", "sentences": "lines.txt", "vocabulary": "words.txt",
                     "sha256": {"sentences": sha256(suite / "lines.txt"),
                                "vocabulary": sha256(suite / "words.txt")},
                     "splits": {"profiling": [0, 2], "evaluation": [3, 4]}},
            "models": [{"name": "model", "file": "model.pt", "kind": "traditional",
                        "sha256": sha256(suite / "model.pt"), "accuracy": [0.9],
                        "perplexity": [3.5]}]})
        self.assert_valid("suite", read(suite / "suite.json"))
        inputs = {"count": 8, "warmup": 3, "profile": 6, "idle_gap_s": 0}
        for mode in "replay", "live":
            with self.subTest(mode):
                config = small_config(self.folder, suite, inputs=inputs, mode=mode,
                                      environments=[{"name": "default"}],
                                      schemes=["alert", "sys-only"])
                out = self.folder / mode
                self.assert_succeeds("run", "--config", config, "--out", out)
                profile = read(out / "profile.json")
                self.assert_valid("profile", profile)
                self.assertEqual(len(profile["models"][0]["catch_up_s"]), 2)
                lines = read_lines(out / "inferences.jsonl")
                for line in lines:
                    self.assert_valid("inference", line)
                for scheme in "alert", "sys-only":
                    stream = [line for line in lines if line["scheme"] == scheme]
                    self.assertEqual([line["group_position"] for line in stream],
                                     [0, 1, 2, 3] * 2)
                    delivered = [line["outcome"]["correct"] for line in stream
                                 if line["outcome"]["deadline_met"]]
                    self.assertGreaterEqual(sum(delivered), len(delivered) - 1)
                    if mode == "replay":
                        self.assert_shared_deadlines(stream)

    def assert_shared_deadlines(self, stream):
        """The words left share what their group has left (src/alert/README.md section 4)."""
        for line in stream:
            position = line["group_position"]
            if position == 0:
                elapsed_s = 0.0
            share_s = max(0.0, 4 * line["goal"]["deadline_s"] - elapsed_s) / (4 - position)
            self.assertAlmostEqual(line["goal"]["effective_deadline_s"], share_s, delta=1e-8)
            elapsed_s += line["outcome"]["period_s"]


if __name__ == "__main__":
    unittest.main()
