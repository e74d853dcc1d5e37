"""The committed reference results are what the committed traces give."""

import unittest

from support import SOURCE, CliTest

RESULTS = sorted(file.parent for file in (SOURCE / "results").glob("*/traces"))
REFRESH = "a replay gives another; if it should, scripts/refresh_results.sh puts it there"


class Results(CliTest):

    def test_committed_tables_are_those_of_a_fresh_replay(self):
        self.assertTrue(RESULTS)
        for results in RESULTS:
            with self.subTest(results.name):
                fresh = self.folder / results.name
                self.assert_succeeds(
                    "replay", "--config", SOURCE / "configs" / f"{results.name}.json",
                    "--trace", *sorted((results / "traces").iterdir()), "--out", fresh)
                self.assertTrue((fresh / "summary.json").read_bytes()
                                == (results / "summary.json").read_bytes(),
                                f"{results}/summary.json: {REFRESH}")
                tables = self.assert_succeeds("report", fresh, "--format", "markdown").stdout_text
                self.assertEqual(tables, (results / "tables.md").read_text(), REFRESH)


if __name__ == "__main__":
    unittest.main()
