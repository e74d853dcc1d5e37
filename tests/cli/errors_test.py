"""Bad input is refused with the right exit status and message, and leaves nothing behind."""

import subprocess
import unittest

from support import (CliTest, IMAGE_SUITE, PROGRAM, SOURCE, read, run, sha256, small_config,
                     small_simulation, small_suite, write)

BAD_INPUT, MACHINE_LACKS = 2, 3


class Errors(CliTest):

    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"

    def assert_refused(self, status, message, *arguments):
        """The command fails with the message as its first line, or the start of it before "..."."""
        before = sorted(self.folder.rglob("*"))
        process = run(*arguments)
        self.assertEqual(process.returncode, status, process.stderr_text)
        line = process.stderr_text.splitlines()[0]
        if message.endswith("..."):
            line = line[:len(message) - 3] + "..."
        self.assertEqual(line, message)
        self.assertEqual(process.stdout_text, "")
        self.assertEqual(sorted(self.folder.rglob("*")), before)

    def assert_run_refused(self, status, message, config, *arguments):
        self.assert_refused(status, f"alert-bench: {message}",
                            "run", "--config", config, "--out", self.out, *arguments)

    def small_suite_config(self, change=lambda suite: None):
        """A config whose suite has one small model, after a change of its suite.json."""
        suite = small_suite()
        change(suite)
        (self.folder / "suite").mkdir()
        write(self.folder / "suite" / "suite.json", suite)
        return small_config(self.folder, self.folder / "suite", schemes=["sys-only"])


class ConfigErrors(Errors):

    def test_missing_config(self):
        file = self.folder / "nothing.json"
        self.assert_run_refused(
            BAD_INPUT, f"{file}: cannot read this file: No such file or directory", file)

    def test_malformed_json(self):
        file = self.folder / "config.json"
        file.write_text('{"schema_version": 1,\n}')
        self.assert_run_refused(BAD_INPUT, f"{file}: not JSON: parse error at line 2, column 1:...",
                                file)

    def test_schemes_where_none_is_run(self):
        config = small_config(self.folder, self.folder / "suite", schemes=["sys-only"])
        for command in "record", "simulate":
            self.assert_refused(
                BAD_INPUT, "The following arguments were not expected: alert --schemes",
                command, "--config", config, "--out", self.out, "--schemes", "alert")

    def test_wrong_shape(self):
        file = write(self.folder / "config.json", [1])
        self.assert_run_refused(BAD_INPUT, f"{file}: /: must be an object, found [1]", file)

    def test_unknown_key(self):
        file = small_config(self.folder, inputs={"coutn": 5})
        self.assert_run_refused(
            BAD_INPUT,
            f'{file}: /inputs/coutn: unknown key "coutn" (did you mean "count"?); allowed: ...',
            file)

    def test_unknown_scheme(self):
        file = small_config(self.folder, schemes=["alert", "app_only"])
        self.assert_run_refused(
            BAD_INPUT,
            f'{file}: /schemes/1: unknown scheme "app_only" (did you mean "app-only"?); '
            "allowed: ...", file)

    def test_oracle_in_live_mode(self):
        file = small_config(self.folder, schemes=["alert", "oracle"])
        self.assert_run_refused(
            BAD_INPUT, f'{file}: /schemes/1: "oracle" needs to know what every candidate would have'
            ' done: set "mode" to "replay"', file)

    def test_override_that_is_no_assignment(self):
        self.assert_run_refused(
            BAD_INPUT, "--set nonsense: must be KEY=VALUE, as in inputs.count=50",
            small_config(self.folder), "--set", "nonsense")

    def test_override_without_a_place(self):
        self.assert_run_refused(
            BAD_INPUT, "--set name.first=1: the config has no place /name/first",
            small_config(self.folder), "--set", "name.first=1")

    def test_override_of_a_misspelt_key(self):
        file = small_config(self.folder)
        self.assert_run_refused(
            BAD_INPUT, f'{file}: /inputs/brust: unknown key "brust" (did you mean "burst"?)...',
            file, "--set", "inputs.brust=2")

    def test_seed_without_a_place(self):
        self.assert_run_refused(
            BAD_INPUT, "--set inputs.seed=3: the config has no place /inputs/seed",
            small_config(self.folder, inputs=5), "--seed", "3")


class SuiteErrors(Errors):

    def test_missing_suite(self):
        file = small_config(self.folder, self.folder / "nothing")
        self.assert_run_refused(
            BAD_INPUT, f"{self.folder}/nothing/suite.json: cannot read this file: "
            "No such file or directory", file)

    def test_missing_model(self):
        def change(suite):
            suite["models"][0]["file"] = "nothing.pt"

        self.assert_run_refused(
            BAD_INPUT, f"{self.folder}/suite/suite.json: /models/0/file: no such file: "
            f"{self.folder}/suite/nothing.pt", self.small_suite_config(change))

    def test_sha256_that_differs(self):
        def change(suite):
            suite["models"][0]["sha256"] = "0" * 64

        file = IMAGE_SUITE / "resnet-xxs.pt"
        self.assert_run_refused(
            BAD_INPUT, f"{file}: its sha256 is {sha256(file)}, but suite.json says {'0' * 64}",
            self.small_suite_config(change))

    def test_model_that_is_not_torchscript(self):
        file = self.folder / "text.pt"
        file.write_text("not a module\n")

        def change(suite):
            suite["models"][0].update(file=str(file), sha256=sha256(file))

        self.assert_run_refused(BAD_INPUT, f"{file}: not a TorchScript module: ...",
                                self.small_suite_config(change))

    def test_absent_data(self):
        def change(suite):
            suite["data"]["images"] = "/nothing.gz"

        self.assert_run_refused(
            MACHINE_LACKS, '/nothing.gz: the data of suite "image" is not there; '
            "get it with: apt-get install dataset-fashion-mnist", self.small_suite_config(change))


class ResultsErrors(Errors):

    def test_unwritable_folder(self):
        self.out = self.folder / "file" / "out"
        (self.folder / "file").touch()
        self.assert_run_refused(BAD_INPUT, f"{self.out}: cannot make this folder: Not a directory",
                                self.small_suite_config())

    def test_folder_that_exists(self):
        self.out.mkdir()
        write(self.out / "manifest.json", {})
        self.assert_run_refused(
            BAD_INPUT, f"{self.out}: exists already; choose another --out, or add --resume to go "
            "on or --force to replace it", small_config(self.folder))

    def test_force_on_a_folder_that_holds_no_results(self):
        self.out.mkdir()
        (self.out / "thesis.txt").touch()
        self.assert_run_refused(
            BAD_INPUT, f"{self.out}: exists and is not a results folder (no manifest.json of one); "
            "it is left alone", small_config(self.folder), "--force")

    def test_resume_with_another_config(self):
        file = small_config(self.folder)
        self.out.mkdir()
        manifest = write(self.out / "manifest.json", {"config": read(file)})
        self.assert_run_refused(
            BAD_INPUT, f"{manifest}: was made by another config; --resume needs the same one",
            file, "--resume", "--set", "inputs.count=7")

    def test_report_of_a_run_without_summary(self):
        write(self.folder / "manifest.json", {"status": "interrupted"})
        self.assert_refused(
            BAD_INPUT, f"alert-bench: {self.folder}: no summary.json: the run is interrupted; "
            "go on with `alert-bench run --resume`", "report", self.folder)


class ReplayErrors(Errors):

    def setUp(self):
        super().setUp()
        self.recording = self.folder / "recording"
        self.config = small_simulation(self.folder)
        self.assert_succeeds("simulate", "--config", self.config, "--out", self.recording)
        self.trace = self.recording / "traces" / "default.jsonl.gz"

    def assert_replay_refused(self, message, *traces):
        self.assert_refused(BAD_INPUT, f"alert-bench: {message}", "replay", "--config", self.config,
                            "--out", self.out, "--force", "--trace", *traces)

    def test_results_in_the_place_of_the_traces(self):
        self.out = self.recording
        self.assert_replay_refused(
            f"{self.trace}: lies in {self.out}, which is to be replaced; choose another --out",
            self.trace)

    def test_two_traces_of_one_environment(self):
        self.assert_replay_refused(
            f'{self.trace}: a trace of the environment "default" was given before',
            self.trace, self.trace)


class UsageErrors(Errors):

    def test_unknown_option(self):
        self.assert_refused(BAD_INPUT, "The following argument was not expected: --colour",
                            "run", "--config", SOURCE / "configs" / "quickstart.json", "--colour")

    def test_no_command(self):
        self.assert_refused(BAD_INPUT, "A subcommand is required")

    def test_unknown_command(self):
        self.assert_refused(
            BAD_INPUT, 'alert-bench: unknown command "replya" (did you mean "replay"?); '
            "see alert-bench --help", "replya")

    def test_unknown_format(self):
        self.assert_refused(BAD_INPUT, "--format: xml not in {terminal,markdown,csv,json,perfetto}",
                            "report", self.folder, "--format", "xml")

    def test_both_streams_into_one_file_stay_in_order(self):
        config = SOURCE / "configs" / "quickstart.json"
        process = subprocess.run([PROGRAM, "validate", config, "none.json", config], text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        starts = [f"{config}: ", "alert-bench: none.json: ", f"{config}: "]
        for line, start in zip(process.stdout.splitlines(), starts, strict=True):
            self.assertTrue(line.startswith(start), process.stdout)


if __name__ == "__main__":
    unittest.main()
