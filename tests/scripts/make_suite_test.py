"""scripts/make_suite.py writes what the committed suite says of its models."""

import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
SUITE = SOURCE / "models/image"


class MakeSuite(unittest.TestCase):
    def test_of_idx_files(self):
        committed = json.loads((SUITE / "suite.json").read_text())
        data, split = committed["data"], committed["data"]["splits"]
        model = next(m for m in committed["models"] if m["name"] == "resnet-xxs")
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(SUITE / model["file"], folder)
            command = [SOURCE / "scripts/make_suite.py", folder, model["name"]]
            command += ["--task", committed["task"], "--classes", str(committed["classes"])]
            command += ["--idx", data["images"], data["labels"]]
            for name in "profiling", "evaluation":
                command += [f"--{name}", *map(str, split[name])]
            subprocess.run(command, check=True, capture_output=True, cwd="/")
            written = json.loads((Path(folder) / "suite.json").read_text())
        del model["parameters"]  # which are constants in a frozen module
        self.assertEqual(written["models"], [model])
        self.assertEqual(written["data"]["splits"], split)


if __name__ == "__main__":
    unittest.main()
