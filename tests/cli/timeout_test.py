"""A model that does not answer: what the program says of it, and how it leaves the machine."""

import os
import re
import select
import unittest
from pathlib import Path

from live_test import children
from power_test import PowerTest
from support import TIMEOUT_S, contention, read, read_lines, sha256, small_config, start, write

FAILED = 1
ANSWERED, HANGS = 0, 255  # first byte of an image, by which tests/suite/make_modules.py loops


def idx(shape, data):
    return bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape) + data


class Timeout(PowerTest):

    def setUp(self):
        super().setUp()
        self.make_package()
        self.out = self.folder / "out"

    def write_images(self, profiling, evaluation):
        """Four images of a split, of which the last is as told."""
        firsts = [ANSWERED] * 3 + [profiling] + [ANSWERED] * 3 + [evaluation]
        pixels = b"".join(bytes([first, 3, 2, 1]) for first in firsts)
        (self.folder / "images").write_bytes(idx([8, 2, 2], pixels))
        (self.folder / "labels").write_bytes(idx([8], bytes(8)))

    def config(self, module, accuracy, warmup):
        super().config()  # for its platform
        file = Path(os.environ["MODULES_DIR"]) / f"{module}.pt"
        kind = "anytime" if len(accuracy) > 1 else "traditional"
        suite = {
            "schema_version": 1, "name": "loops", "task": "none", "metric": "top-1 accuracy",
            "classes": 4, "q_fail": 0.25,
            "data": {"format": "idx", "images": str(self.folder / "images"),
                     "labels": str(self.folder / "labels"),
                     "splits": {"profiling": [0, 3], "evaluation": [4, 7]}},
            "models": [{"name": "loops", "file": str(file), "kind": kind, "sha256": sha256(file),
                        "accuracy": accuracy}]}
        write(self.folder / "suite" / "suite.json", suite)
        platform = read(self.folder / "platform.json")
        config = small_config(
            self.folder, self.folder / "suite", environments=[contention("compute")],
            inputs={"count": 4, "warmup": warmup, "profile": 2, "idle_gap_s": 0},
            goals=[{"task": "minimize-energy", "deadline_s": [0.2], "accuracy": [0.8]}],
            schemes=["alert"], inference_timeout_s=2)
        write(self.folder / "platform.json", platform)
        return config

    def start(self, config, *arguments):
        process = start("run", "--config", config, "--out", self.out, *arguments,
                        env=self.environment)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def assert_left_in_order(self, process, errors):
        self.assertEqual(process.returncode, FAILED, errors)
        self.assertEqual(self.limits(), [28000000, 44000000])
        self.assertEqual(list((self.folder / "state" / "alert-bench").iterdir()), [])

    def test_in_warm_up(self):
        self.write_images(HANGS, ANSWERED)
        process = self.start(self.config("Loops", [0.9], warmup=4))
        _, errors = process.communicate(timeout=TIMEOUT_S)
        self.assert_left_in_order(process, errors)
        self.assertRegex(
            errors, r'^alert-bench: warm-up: input \d \(image 3 of .*/images\): model "loops" '
            r'\(.*/Loops.pt\), stage 1: no answer within 2 s '
            r'\("inference_timeout_s" of the config\)')
        self.assertEqual(read(self.out / "manifest.json")["status"], "failed")

    def test_in_a_live_run(self):
        self.write_images(ANSWERED, HANGS)
        config = self.config("AnytimeLoops", [0.5, 0.9], warmup=1)
        process = self.start(config)
        for line in process.stderr:
            if line == "run small / compute\n":
                break
        ends = [os.pidfd_open(worker) for worker in children(process.pid)]
        self.assertEqual(len(ends), 1)
        _, errors = process.communicate(timeout=TIMEOUT_S)
        self.assert_left_in_order(process, errors)
        said = re.match(
            r'alert-bench: run small / compute: input (\d) \(image 7 of .*/images\): model "loops" '
            r'\(.*/AnytimeLoops.pt\), stage 2: no answer within 2 s', errors)
        self.assertTrue(said, errors)
        for end in ends:
            self.addCleanup(os.close, end)
            poll = select.poll()
            poll.register(end, select.POLLIN)
            self.assertTrue(poll.poll(0), "a worker outlives the program")

        manifest = read(self.out / "manifest.json")
        self.assert_valid("manifest", manifest)
        self.assertEqual(manifest["status"], "failed")
        self.assertEqual([line["input"] for line in read_lines(self.out / "inferences.jsonl")],
                         list(range(int(said[1]))))

        self.assertIn("--resume goes on from it", errors)
        self.write_images(ANSWERED, ANSWERED)
        resumed = self.start(config, "--resume")
        _, errors = resumed.communicate(timeout=TIMEOUT_S)
        self.assertEqual(resumed.returncode, 0, errors)
        self.assertEqual([line["input"] for line in read_lines(self.out / "inferences.jsonl")],
                         list(range(4)))


if __name__ == "__main__":
    unittest.main()
