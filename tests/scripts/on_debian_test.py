"""scripts/on_debian.sh, with a debootstrap that shows this machine's own programs, read only."""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/on_debian.sh"
BAD_USAGE, MACHINE_LACKS = 2, 3
DEBOOTSTRAP = """#!/bin/bash
set -e
root=${*: -2:1}
mkdir -p "$root"/{usr,dev/pts,dev/shm,etc/apt/apt.conf.d,etc/dpkg/dpkg.cfg.d,proc,root,sys,tmp}
mount --bind --options ro /usr "$root/usr"
mount --options remount,bind,ro "$root/usr"
for name in bin lib lib64 sbin; do ln -s usr/$name "$root/$name"; done
echo "$@" > "$root/debootstrap"
"""


def can_run():
    return (os.geteuid() == 0 and shutil.which("git")
            and subprocess.run(["unshare", "--mount", "true"]).returncode == 0)


class Refusals(unittest.TestCase):

    def assert_refused(self, arguments, status, message):
        process = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True)
        self.assertEqual(process.returncode, status, process.stderr)
        self.assertIn(message, process.stderr)

    def test_usage(self):
        self.assert_refused([], BAD_USAGE, 'usage: on_debian.sh [--mirror URL] 12|13 COMMAND')
        self.assert_refused(["11", "true"], BAD_USAGE, 'found release "11"')
        self.assert_refused(["--mirror"], BAD_USAGE, 'found release ""')
        self.assert_refused(["13"], BAD_USAGE, "which command is to run there?")


@unittest.skipUnless(can_run(), "needs git, and root, who may mount")
class Runs(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.programs = Path(folder.name) / "programs"
        self.temporary = Path(folder.name) / "temporary"
        self.programs.mkdir()
        self.temporary.mkdir()
        (self.programs / "debootstrap").write_text(DEBOOTSTRAP)
        (self.programs / "debootstrap").chmod(0o755)

    def start(self, *command):
        environment = {**os.environ, "TMPDIR": str(self.temporary),
                       "PATH": f"{self.programs}:{os.environ['PATH']}"}
        return subprocess.Popen(
            [SCRIPT, "--mirror", "http://mirror.example/debian", "13", *command], text=True,
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def assert_nothing_left(self):
        self.assertEqual(list(self.temporary.iterdir()), [])
        self.assertTrue(Path("/usr/bin/env").exists())

    def test_the_command_runs_there_in_a_clean_clone(self):
        process = self.start("sh", "-c", "pwd; cat /debootstrap /etc/apt/sources.list; "
                             "test -e scripts/on_debian.sh && test ! -e build; exit 7")
        output, errors = process.communicate()
        self.assertEqual(process.returncode, 7, errors)
        self.assertIn("/alert-bench\n", output)
        self.assertIn("http://mirror.example/debian", output.splitlines()[1])
        self.assertIn("deb http://mirror.example/debian trixie main\n", output)
        self.assertIn("exit status 7 after", errors)
        self.assert_nothing_left()

    def test_ended_from_outside(self):
        process = self.start("sh", "-c", "echo running; sleep 1000 & sleep 1000")
        self.assertEqual(process.stdout.readline(), "running\n")
        process.send_signal(signal.SIGTERM)
        process.communicate()
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
