"""Real limiters and meters, on made-up files that behave like the kernel's: what is chosen, what is
measured, and that the machine is left as it was found."""

import os
import re
import signal
import subprocess
import unittest

from live_test import quick_config
from support import CliTest, TIMEOUT_S, read, read_lines, run, small_platform, start, write

MACHINE_LACKS, INTERRUPTED = 3, 4
RANGE_UJ = 262_143_328_850


class PowerTest(CliTest):

    def setUp(self):
        super().setUp()
        self.sys = self.folder / "sys"
        self.zone = self.sys / "class" / "powercap" / "intel-rapl:0"
        asan = os.environ.get("ASAN_OPTIONS", "")
        self.environment = {**os.environ, "LD_PRELOAD": os.environ["FAKE_KERNEL"],
                            "XDG_STATE_HOME": str(self.folder / "state"),
                            "ASAN_OPTIONS": asan + ":verify_asan_link_order=0"}

    def make_package(self):
        """A package with limits of 28 and 44 W, which draws what its long-term limit allows."""
        self.zone.mkdir(parents=True)
        files = {"name": "package-0", "energy_uj": 0, "max_energy_range_uj": RANGE_UJ, "enabled": 1,
                 "constraint_0_name": "long_term", "constraint_0_power_limit_uw": 28000000,
                 "constraint_1_name": "short_term", "constraint_1_power_limit_uw": 44000000}
        for name, value in files.items():
            (self.zone / name).write_text(f"{value}\n")
        self.rule("energy_uj", f"energy 1000 {RANGE_UJ} {self.zone}/constraint_0_power_limit_uw")

    def rule(self, file, text):
        """At once: a rule that is half written would be none."""
        new = self.folder / "rule"
        new.write_text(f"{text}\n")
        new.replace(self.zone / f"{file}.rule")

    def limits(self):
        # libpowercap writes whatever follows the number's end, which the kernel does not look at.
        files = [self.zone / f"constraint_{i}_power_limit_uw" for i in (0, 1)]
        return [int(re.match(rb"\d+", file.read_bytes())[0]) for file in files]

    def config(self, **changes):
        """A config of one small model, on a platform that finds its limiter and meter by itself."""
        config = quick_config(self.folder, deadline_s=0.15)
        platform = {**small_platform(), "limiter": "auto", "meter": "auto",
                    "power_caps_w": [10, 20], "sysfs_root": str(self.sys), **changes}
        write(self.folder / "platform.json", platform)
        return config

    def run_config(self, config, *arguments):
        return run("run", "--config", config, "--out", self.folder / "out", *arguments,
                   env=self.environment)

    def start_and_reach_contention(self):
        process = start("run", "--config", self.config(), "--out", self.folder / "out",
                        env=self.environment)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        lines = []
        for line in process.stderr:
            if line == "run small / compute\n":
                self.assertNotEqual(self.limits(), [28000000, 44000000])
                return process
            lines.append(line)
        self.fail("the run ended before its contention began: " + "".join(lines))

    def doctor(self, *arguments):
        return run("doctor", *arguments, env=self.environment).stdout_text


class Choice(PowerTest):

    def test_rapl_is_measured_and_left_as_it_was(self):
        self.make_package()
        process = self.run_config(self.config())
        self.assertEqual(process.returncode, 0, process.stderr_text)
        self.assertEqual(self.limits(), [28000000, 44000000])
        self.assertEqual(list((self.folder / "state" / "alert-bench").iterdir()), [])

        out = self.folder / "out"
        manifest = read(out / "manifest.json")
        self.assert_valid("manifest", manifest)
        self.assertEqual(manifest["energy_source"], "measured")
        self.assertEqual(manifest["platform"]["limiter"]["name"], "rapl")
        self.assertEqual(manifest["platform"]["meter"]["name"], "rapl")
        self.assertGreater(manifest["platform"]["meter"]["update_interval_s"], 0)

        profile = read(out / "profile.json")
        self.assert_valid("profile", profile)
        model = profile["models"][0]
        # An inference takes about one of the meter's updates: many are measured together.
        self.assertTrue(all(count > 1 for count in model["energy_inferences"]), model)
        self.assertLess(model["busy_power_w"][0], model["busy_power_w"][1])
        for line in read_lines(out / "inferences.jsonl"):
            self.assert_valid("inference", line)
        self.assertTrue(any(line["outcome"].get("energy_coarse")
                            for line in read_lines(out / "inferences.jsonl")))

    def test_a_machine_without_counters_is_emulated_and_says_why(self):
        self.sys.mkdir()
        config = self.config()
        write(config, {**read(config), "inputs": {"count": 1, "warmup": 0, "profile": 2}})
        process = self.run_config(config)
        self.assertEqual(process.returncode, 0, process.stderr_text)
        manifest = read(self.folder / "out" / "manifest.json")
        self.assert_valid("manifest", manifest)
        self.assertEqual(manifest["energy_source"], "emulated")
        limiter = manifest["platform"]["limiter"]
        self.assertEqual(limiter["name"], "emulated")
        self.assertIn("rapl cannot be used", limiter["reason"])
        self.assertIn("modprobe intel_rapl_msr", limiter["reason"])
        self.assertIn("cpufreq cannot be used", limiter["reason"])

    def test_doctor_tells_what_would_be_used(self):
        self.make_package()
        self.config()
        text = self.doctor("--platform", self.folder / "platform.json")
        self.assertRegex(text, "ok limiter rapl +long- and short-term limits of package-0")
        self.assertRegex(text, "ok meter rapl +energy counters of package-0; updated every")
        self.assertRegex(text, "-- limiter cpufreq +.* has no policy")
        self.assertRegex(text, "ok platform emulated-laptop +limiter rapl .*; meter rapl")
        self.assertEqual(self.limits(), [28000000, 44000000])

    def test_doctor_prints_the_udev_rule(self):
        self.make_package()
        self.rule("energy_uj", "errno 13")
        self.config()
        text = self.doctor("--platform", self.folder / "platform.json")
        self.assertRegex(text, "-- meter rapl +.*Permission denied")
        self.assertIn("/etc/udev/rules.d/60-powercap.rules", text)

    def test_doctor_fails_for_a_platform_that_cannot_be_used(self):
        self.sys.mkdir()
        self.config(limiter="rapl")
        process = run("doctor", "--platform", self.folder / "platform.json", env=self.environment)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(process.stdout_text, "-- platform emulated-laptop +.*no package zone")
        platform = self.folder / "platform.json"
        write(platform, {**read(platform), "limiter": "auto"})
        process = run("doctor", "--platform", self.folder / "platform.json", env=self.environment)
        self.assertEqual(process.returncode, 0, process.stdout_text)

    def test_a_platform_from_a_stranger_loads_no_library(self):
        """One that says so where it is loaded, as any library can."""
        said, source = self.folder / "loaded", self.folder / "evil.c"
        source.write_text("#include <stdio.h>\n__attribute__((constructor)) static void f(void) "
                          f'{{ fclose(fopen("{said}", "w")); }}\n')
        library = self.folder / "evil.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
        config = self.config(limiter="nvml", meter="nvml", device="cuda", nvml_library=str(library))
        for arguments in (["doctor", "--platform", self.folder / "platform.json"],
                          ["validate", self.folder / "platform.json"],
                          ["run", "--config", config, "--out", self.folder / "out"]):
            process = run(*arguments, env=self.environment)
            self.assertEqual(process.returncode, 2, arguments)
            self.assertIn("/nvml_library: a platform file alone cannot name a library to load",
                          process.stderr_text)
            self.assertFalse(said.exists(), arguments)
        self.environment["ALERT_BENCH_NVML_LIBRARY"] = str(library)
        run("doctor", "--platform", self.folder / "platform.json", env=self.environment)
        self.assertTrue(said.exists())  # the library works; what the user names is loaded

    def test_a_named_limiter_that_is_missing_is_refused(self):
        self.sys.mkdir()
        process = self.run_config(self.config(limiter="rapl"))
        self.assertEqual(process.returncode, MACHINE_LACKS)
        self.assertRegex(process.stderr_text, 'platform "emulated-laptop": .*no package zone')
        self.assertFalse((self.folder / "out").exists())

    def test_caps_without_effect_are_refused(self):
        self.make_package()
        self.rule("energy_uj", f"energy 35 {RANGE_UJ}")
        process = self.run_config(self.config())
        self.assertEqual(process.returncode, MACHINE_LACKS)
        self.assertIn('the power caps of the limiter "rapl" have no effect', process.stderr_text)
        self.assertEqual(self.limits(), [28000000, 44000000])


class Readings(PowerTest):

    def test_a_reading_that_fails_is_a_missing_energy_and_the_run_goes_on(self):
        self.make_package()
        process = self.start_and_reach_contention()
        log = self.folder / "out" / "inferences.jsonl"
        # Two readings of 20 fail, each as often as it is tried.
        self.rule("energy_uj", f"fails 61 20 6 energy 1000 {RANGE_UJ} "
                               f"{self.zone}/constraint_0_power_limit_uw")
        _, errors = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 0, errors)
        missing = 0
        for line in read_lines(log):
            self.assert_valid("inference", line)
            outcome = line["outcome"]
            if outcome["energy_j"] is None:
                self.assertIn("No data available", outcome["energy_reason"])
                missing += 1
            else:
                self.assertLess(outcome["energy_j"], 100)
        self.assertGreater(missing, 0)
        summary = read(self.folder / "out" / "summary.json")
        self.assert_valid("summary", summary)
        self.assertEqual(sum(cell.get("energy_missing", 0) for cell in summary["results"]), missing)


class Restore(PowerTest):

    def setUp(self):
        super().setUp()
        self.make_package()

    def assert_restores_on(self, number):
        process = self.start_and_reach_contention()
        process.send_signal(number)
        _, errors = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, INTERRUPTED, errors)
        self.assertEqual(self.limits(), [28000000, 44000000])
        self.assertEqual(list((self.folder / "state" / "alert-bench").iterdir()), [])

    def test_interrupt(self):
        self.assert_restores_on(signal.SIGINT)

    def test_terminate(self):
        self.assert_restores_on(signal.SIGTERM)

    def test_hang_up(self):
        self.assert_restores_on(signal.SIGHUP)

    def assert_ends_at_once(self, number):
        process = self.start_and_reach_contention()
        process.send_signal(number)
        _, errors = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, -number, errors)
        self.assertEqual(self.limits(), [28000000, 44000000])
        self.assertEqual(list((self.folder / "state" / "alert-bench").iterdir()), [])

    def test_quit(self):
        self.assert_ends_at_once(signal.SIGQUIT)

    def test_abort(self):
        self.assert_ends_at_once(signal.SIGABRT)

    def test_output_that_nobody_reads(self):
        process = self.start_and_reach_contention()
        process.stderr.close()
        process.stdout.close()
        process.stdout = process.stderr = None
        process.wait(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 1)  # the tables were not printed
        self.assertEqual(self.limits(), [28000000, 44000000])
        self.assertEqual(read(self.folder / "out" / "manifest.json")["status"], "complete")

    def test_signals_that_were_ignored(self):
        """As nohup and a shell's jobs in the background have them."""
        process = run("run", "--config", self.config(), "--out", self.folder / "out",
                      env=self.environment, preexec_fn=lambda: [
                          signal.signal(number, signal.SIG_IGN)
                          for number in (signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)])
        self.assertEqual(process.returncode, 0, process.stderr_text)

    def killed_run(self):
        process = self.start_and_reach_contention()
        process.kill()
        process.communicate()
        self.assertNotEqual(self.limits(), [28000000, 44000000])
        return process

    def test_restore_after_kill(self):
        process = self.killed_run()
        restored = run("restore", env=self.environment)
        self.assertEqual(restored.returncode, 0)
        self.assertEqual(restored.stdout_text,
                         f"rapl: put back 2 limit(s) that process {process.pid} left\n")
        self.assertEqual(self.limits(), [28000000, 44000000])
        again = run("restore", env=self.environment)
        self.assertEqual(again.stdout_text, "no run of this user left limits behind\n")

    def test_the_limits_of_a_stranger_are_not_put_back(self):
        if os.geteuid() != 0:
            self.skipTest("only root can make a file of another user")
        self.killed_run()
        limits = self.limits()
        folder = self.folder / "state" / "alert-bench"
        os.chown(next(folder.glob("limits-*.json")), 12345, 12345)
        restored = run("restore", env=self.environment)
        self.assertEqual(restored.returncode, MACHINE_LACKS)
        self.assertIn("belongs to user 12345, not to user 0", restored.stdout_text)
        self.assertEqual(self.limits(), limits)
        refused = self.run_config(self.folder / "config.json", "--force")
        self.assertEqual(refused.returncode, MACHINE_LACKS)
        self.assertEqual(self.limits(), limits)

    def test_next_start_after_kill(self):
        process = self.killed_run()
        started = run("doctor", "--platform", self.folder / "platform.json", env=self.environment)
        self.assertIn(f"put back 2 limit(s) that process {process.pid} left", started.stderr_text)
        self.assertEqual(self.limits(), [28000000, 44000000])

    def test_second_run_is_refused(self):
        process = self.start_and_reach_contention()
        second = run("run", "--config", self.folder / "config.json",
                     "--out", self.folder / "second", env=self.environment)
        self.assertEqual(second.returncode, MACHINE_LACKS)
        self.assertIn(f'the limiter "rapl" is in use by process {process.pid}', second.stderr_text)
        self.assertFalse((self.folder / "second").exists())

    def test_state_that_cannot_be_saved(self):
        (self.folder / "state").write_text("a file, not a folder")
        process = self.run_config(self.config())
        self.assertEqual(process.returncode, MACHINE_LACKS)
        self.assertIn("the limits in force cannot be saved here", process.stderr_text)
        self.assertEqual(self.limits(), [28000000, 44000000])
        self.assertFalse((self.folder / "out").exists())

    def test_counter_that_vanishes_midway(self):
        process = self.start_and_reach_contention()
        self.rule("energy_uj", "errno 19")
        _, errors = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, MACHINE_LACKS)
        self.assertIn("energy_uj: cannot read this file: No such device; 20 measurements in a row",
                      errors)
        self.assertIn("--resume", errors)
        lines = read_lines(self.folder / "out" / "inferences.jsonl")
        for line in lines:
            self.assert_valid("inference", line)
        self.assertEqual(read(self.folder / "out" / "manifest.json")["status"], "failed")
        self.assertEqual(self.limits(), [28000000, 44000000])


if __name__ == "__main__":
    unittest.main()
