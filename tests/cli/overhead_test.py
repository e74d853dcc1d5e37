"""overhead: every operation has a time."""

import re
import unittest

from support import CliTest


class Overhead(CliTest):

    def test_every_operation_has_a_time(self):
        process = self.assert_succeeds("overhead", "--repetitions", "1", "--decisions", "1000")
        rows = re.findall(r"^(.+?) {2,}(\d+) +\d+ to \d+$", process.stdout_text, re.MULTILINE)
        self.assertEqual([name for name, _ in rows], [
            "decision over 48 candidates", "alert-plus's decision over them", "meter window",
            "cap set", "log record"])
        replays = re.findall(r"^(\d+) +[\d.]+ +\d+ +[\d.]+$", process.stdout_text, re.MULTILINE)
        self.assertEqual(replays, ["24", "48", "96"])


if __name__ == "__main__":
    unittest.main()
