"""scripts/make_suite.py writes what the committed suite says of its models."""

import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import torch
from torch import Tensor, nn

SOURCE = Path(__file__).resolve().parents[2]
SUITE = SOURCE / "models/image"


class Right(nn.Module):
    """The item is its logits."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.0


class InPlace(nn.Module):
    """Right too, but it leaves nothing of its input."""

    def forward(self, x: Tensor) -> Tensor:
        logits = x + 0.0
        x.fill_(0.0)
        return logits


class Narrow(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, :3]


class Refuses(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.numel() > 0:
            raise ValueError("not to my taste")
        return x


class OwnModules(unittest.TestCase):
    """Items are rows of the unit matrix, and the right logits themselves."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        torch.save(torch.eye(4).repeat(10, 1), self.folder / "items.pt")
        torch.save(torch.arange(4).repeat(10), self.folder / "labels.pt")
        for module in Right, InPlace, Narrow, Refuses:
            torch.jit.script(module()).save(str(self.folder / f"{module.__name__}.pt"))
        (self.folder / "Text.pt").write_text("no module")

    def make(self, *models, **options):
        options = {"task": "t", "classes": 4, "tensors": ["items.pt", "labels.pt"],
                   "profiling": [0, 19], "evaluation": [20, 39], **options}
        command = [SOURCE / "scripts/make_suite.py", self.folder, *models]
        for name, value in options.items():
            command += [f"--{name}", *map(str, value if isinstance(value, list) else [value])]
        return subprocess.run(command, capture_output=True, text=True)

    def test_a_module_that_writes_to_its_input_changes_no_other(self):
        process = self.make("InPlace", "Right")
        self.assertEqual(process.returncode, 0, process.stderr)
        suite = json.loads((self.folder / "suite.json").read_text())
        self.assertEqual([model["accuracy"] for model in suite["models"]], [[1.0], [1.0]])

    def assert_refused(self, message, *models, **options):
        process = self.make(*models, **options)
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertNotIn("Traceback", process.stderr)
        self.assertIn(message, process.stderr)
        self.assertFalse((self.folder / "suite.json").exists())

    def test_refusals(self):
        module = "torch.float32 logits of shape [20, 3], not torch.float32 of shape [20, 4]"
        self.assert_refused(f"Narrow.pt: stage 1 gave {module}", "Narrow")
        self.assert_refused("not to my taste", "Refuses")
        self.assert_refused("Absent.pt: ", "Absent")
        self.assert_refused("Text.pt: ", "Text")
        self.assert_refused("label 3 is not below the 3 classes", "Right", classes=3)
        self.assert_refused("invalid choice: 'top-5 accuracy'", "Right", metric="top-5 accuracy")
        self.assert_refused("beyond the data's end", "Right", profiling=[30, 49])
        self.assert_refused("5 0 is none", "Right", profiling=[5, 0])
        self.assert_refused("the data cannot be read: ", "Right", tensors=["Text.pt", "labels.pt"])
        self.assert_refused("the data cannot be read: ", "Right", tensors=["no.pt", "labels.pt"])


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
