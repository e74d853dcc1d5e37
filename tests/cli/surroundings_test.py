"""Odd surroundings: streams that cannot be written to, pipes, links, full disks, hostile files and
names. Results stay whole, messages are text, and nothing is written elsewhere."""

import json
import os
import subprocess
import unittest
from pathlib import Path

from support import (CliTest, PROGRAM, SOURCE, TIMEOUT_S, read, read_lines, run,
                     small_simulation)

FAILED, BAD_INPUT = 1, 2


def shell(script, *arguments):
    """The finished process of a script in which "$@" is the program with these arguments."""
    return subprocess.run(["bash", "-c", script, "bash", PROGRAM, *map(str, arguments)], cwd=SOURCE,
                          capture_output=True, text=True, timeout=TIMEOUT_S)


class Surroundings(CliTest):

    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"
        self.config = small_simulation(self.folder)

    def simulate(self):
        self.assert_succeeds("run", "--config", self.config, "--out", self.out)

    def assert_whole(self, folder):
        """Every file of a results folder is what it should be."""
        self.assertEqual(read(folder / "manifest.json")["status"], "complete")
        for name in ("manifest", "profile", "summary"):
            self.assert_valid(name, read(folder / f"{name}.json"))
        for line in read_lines(folder / "inferences.jsonl"):
            self.assert_valid("inference", line)
        self.assert_succeeds("validate", *(folder / "traces").iterdir(),
                             folder / "inferences.jsonl")

    def assert_refused(self, message, *arguments, status=BAD_INPUT):
        process = run(*arguments)
        self.assertEqual(process.returncode, status, process.stderr_text)
        self.assertRegex(process.stderr_text, message)
        return process


class StandardStreams(Surroundings):

    def test_output_that_cannot_be_written_is_a_failure_of_every_command(self):
        self.simulate()
        for arguments in (["--version"], ["--help"], ["report", self.out],
                          ["report", self.out, "--format", "json"],
                          ["report", self.out, "--format", "perfetto"],
                          ["compare", self.out, self.out, "--gate", "energy=2%"],
                          ["validate", self.config], ["completion", "bash"], ["restore"]):
            for redirection, reason in ((">/dev/full", "No space left on device"),
                                        (">&-", "Bad file descriptor")):
                process = shell(f'"$@" {redirection}', *arguments)
                self.assertEqual(process.returncode, FAILED, arguments)
                self.assertEqual(process.stderr,
                                 f"alert-bench: standard output: cannot write: {reason}\n")

    def test_closed_streams_cost_no_results(self):
        for name, redirection, status in (("out", ">&-", FAILED), ("error", "2>&-", 0),
                                          ("all", "<&- >&- 2>&-", FAILED),
                                          ("full", "2>/dev/full", 0)):
            out = self.folder / name
            process = shell(f'"$@" {redirection}', "run", "--config", self.config, "--out", out)
            self.assertEqual(process.returncode, status, process.stderr)
            self.assert_whole(out)

    def test_a_reader_that_goes_away(self):
        self.simulate()
        process = shell('"$@" | head -c 10; exit ${PIPESTATUS[0]}', "report", self.out,
                        "--format", "perfetto")
        self.assertEqual(process.returncode, FAILED)
        self.assertIn("standard output: cannot write: Broken pipe", process.stderr)

    def test_inherited_signals(self):
        process = shell('trap "" CHLD PIPE; "$@" | head -c 10; exit ${PIPESTATUS[0]}', "--help")
        self.assertIn(process.returncode, (0, FAILED))


class Pipes(Surroundings):

    def test_a_config_may_come_through_a_pipe(self):
        process = shell(f'"$@" <(cat {self.config})', "validate")
        self.assertEqual(process.returncode, 0, process.stderr)
        process = shell(f'"$@" --config <(cat {self.config})', "run", "--out", self.out)
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assert_whole(self.out)
        process = shell(f'cat {self.config} | "$@"', "validate", "/dev/stdin")
        self.assertEqual(process.returncode, 0, process.stderr)

    def test_a_trace_must_not(self):
        self.simulate()
        trace = self.out / "traces" / "default.jsonl.gz"
        process = shell(f'"$@" --trace <(zcat {trace})', "replay", "--config", self.config,
                        "--set", f"profile={self.out}/profile.json", "--out", self.folder / "b")
        self.assertEqual(process.returncode, BAD_INPUT)
        self.assertRegex(process.stderr, "^alert-bench: /dev/fd/[0-9]+: cannot read this file: "
                         "it is a pipe, which gives its content only once")

    def test_what_is_no_file_is_refused_and_not_waited_for(self):
        fifo = self.folder / "fifo.jsonl"
        os.mkfifo(fifo)
        for file, kind in ((fifo, "it is a pipe"), ("/dev/zero", "it is a device"),
                           (self.folder / "nothing", "No such file")):
            self.assert_refused(f"{file}: cannot read this file: {kind}", "validate", file)


class Links(Surroundings):

    def test_resume_follows_no_link(self):
        self.simulate()
        precious = self.folder / "precious"
        precious.write_text("text")
        for name in ("inferences.jsonl", "summary.json", "traces/default.jsonl.gz"):
            kept = (self.out / name).read_bytes()
            (self.out / name).unlink()
            (self.out / name).symlink_to(precious)
            self.assert_refused(f"{name}: is a symbolic link, not a file, and is left alone", "run",
                                "--config", self.config, "--out", self.out, "--resume")
            (self.out / name).unlink()
            (self.out / name).write_bytes(kept)
        self.assertEqual(precious.read_text(), "text")

    def test_profile_leaves_alone_what_is_no_file(self):
        target = self.folder / "target.json"
        target.write_text("old")
        (self.folder / "link").symlink_to(target)
        os.mkfifo(self.folder / "fifo")
        for place, message in ((self.folder / "link", "is a symbolic link"),
                               (self.folder / "fifo", "is a pipe"), (self.folder, "is a folder"),
                               ("/dev/null", "is a device"), ("", "--out: must not be empty"),
                               (self.folder / "none" / "p.json", "No such file or directory"),
                               (self.folder / ("x" * 256), "File name too long")):
            process = self.assert_refused(message, "profile", "--suite", "models/image",
                                          "--platform", "configs/platforms/emulated-laptop.json",
                                          "--out", place)
            self.assertEqual(len(process.stderr_text.splitlines()), 1 if place else 2)
        self.assertTrue((self.folder / "link").is_symlink())
        self.assertTrue((self.folder / "fifo").is_fifo())
        self.assertTrue(Path("/dev/null").is_char_device())
        self.assertEqual(target.read_text(), "old")


class Names(Surroundings):

    def test_the_name_of_an_experiment_stays_in_runs(self):
        for name in ("../../escaped", "a/b", "..", ".", "", "a\tb", "\x1b[31mred", "x" * 201):
            self.assert_refused("/name: must be the name of a folder in runs/", "run", "--config",
                                self.config, "--set", "name=" + json.dumps(name))

    def test_an_empty_place_is_refused(self):
        self.assert_refused("--out: must not be empty", "run", "--config", self.config, "--out", "")

    def test_places_that_cannot_be(self):
        for place, message in ((self.folder / ("x" * 256), "File name too long"),
                               ("/proc/out", "No such file or directory"),
                               (self.config / "out", "Not a directory")):
            self.assert_refused(f"{place}: cannot make this folder: {message}", "run", "--config",
                                self.config, "--out", place)

    def test_bytes_that_are_not_utf_8(self):
        name = os.fsdecode(b"caf\xe9")
        self.assert_refused(r"--set name=caf\\xE9: must be UTF-8", "run", "--config", self.config,
                            "--out", self.out, "--set", f"name={name}")
        self.assertFalse(self.out.exists())
        self.simulate()
        trace = self.folder / (name + ".jsonl.gz")
        trace.write_bytes((self.out / "traces" / "default.jsonl.gz").read_bytes())
        self.assert_succeeds("replay", "--config", self.config, "--trace", trace, "--out",
                             self.folder / "b", "--set", f"profile={self.out}/profile.json")
        self.assertIn("caf\\xE9.jsonl.gz", read(self.folder / "b" / "manifest.json")["sha256"])

    def test_messages_are_text_of_one_line_and_not_too_long(self):
        for name in ("\x1b[31m", "two\nlines", "\u202e", "x" * 3_000_000):
            config = self.folder / "bad.json"
            config.write_text(json.dumps({name: 1}))
            message = self.assert_refused("allowed: ", "run", "--config", config).stderr_text
            self.assertEqual(message.count("\n"), 1)
            self.assertRegex(message, r"^[^\x00-\x09\x0b-\x1f\u202e]*$")
            self.assertLess(len(message), 5000)


class HostileFiles(Surroundings):

    def test_depth(self):
        deep = self.folder / "deep.json"
        for text in ("[" * 100_000 + "]" * 100_000, '{"a":' * 100_000):
            deep.write_text(text)
            self.assert_refused(f"{deep}: .*: nested more than 64 deep", "validate", deep)
        trace = self.folder / "deep.jsonl"
        trace.write_text("[" * 100_000 + "\n")
        self.assert_refused(f"{trace}:1: .*: nested more than 64 deep", "validate", trace)
        self.assert_refused("/inputs/count: must be a whole number", "run", "--config", self.config,
                            "--set", "inputs.count=" + "[" * 100_000)

    def test_a_key_that_stands_twice(self):
        text = self.config.read_text().replace('"count"', '"count": 3, "count"', 1)
        self.config.write_text(text)
        self.assert_refused("/inputs/count: the key stands twice", "validate", self.config)

    def test_numbers_beyond_all_use(self):
        for setting, message in (
                ("inputs.count=4000000000", "/inputs/count: must be a whole number"),
                ("goals.0.deadline_scale=[1e308]", "must lie in")):
            self.assert_refused(message, "run", "--config", self.config, "--set", setting)


class FullDisk(Surroundings):

    def test_a_run_fails_says_so_and_can_be_resumed(self):
        for kibibytes in (1, 80):  # before the manifest, in the log
            out = self.folder / str(kibibytes)
            arguments = ["run", "--config", self.config, "--out", out, "--set", "inputs.count=40"]
            process = shell(f'ulimit -f {kibibytes}; "$@"', *arguments)
            self.assertEqual(process.returncode, FAILED, kibibytes)
            self.assertRegex(process.stderr.splitlines()[-1],
                             "^alert-bench: .*: cannot write: File too large$")
            if (out / "manifest.json").exists():
                self.assertEqual(read(out / "manifest.json")["status"], "failed")
            self.assert_succeeds(*arguments, "--resume")
            self.assertEqual(read(out / "manifest.json")["status"], "complete")

    def test_a_damaged_manifest(self):
        self.simulate()
        manifest = self.out / "manifest.json"
        for text in ("", "{", "[1]", manifest.read_text()[:100]):
            manifest.write_text(text)
            self.assert_refused("so --resume cannot tell which config it is of", "run", "--config",
                                self.config, "--out", self.out, "--resume")
            self.assert_succeeds("run", "--config", self.config, "--out", self.out, "--force")
            self.assert_whole(self.out)


if __name__ == "__main__":
    unittest.main()
