"""The Python programs of scripts/ run from anywhere, and do nothing when asked for help."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
PROGRAMS = sorted(file for file in SCRIPTS.iterdir() if file.is_file() and file.suffix != ".sh")


class Programs(unittest.TestCase):
    def test_help(self):
        environment = {key: os.environ[key] for key in os.environ if key != "PYTHONPATH"}
        self.assertTrue(PROGRAMS)
        for program in PROGRAMS:
            with self.subTest(program.name), tempfile.TemporaryDirectory() as folder:
                self.assertTrue(os.access(program, os.X_OK))
                done = subprocess.run([sys.executable, "-B", program, "--help"], cwd=folder,
                                      env=environment, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(done.stdout.startswith("usage: "), done.stdout)
                self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    unittest.main()
