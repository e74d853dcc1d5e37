"""scripts/setup_sentence.py and the exports of scripts/train/sentence_*.py."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import setup_sentence
import torch
from train import sentence_export
from train.sentence_models import AnytimeSpec, LSTMSpec

SOURCE = Path(__file__).resolve().parents[2]
SETUP = SOURCE / "scripts/setup_sentence.py"
SUITE = SOURCE / "models/sentence"


class Setup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_setup(self, **environment):
        command = [sys.executable, str(SETUP), "--out", str(self.folder / "data")]
        return subprocess.run(
            command, env={**os.environ, **environment}, capture_output=True, text=True
        )

    def test_names_the_package_that_is_missing(self):
        done = self.run_setup(PATH=str(self.folder))
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get install bible-kjv", done.stderr)
        self.assertFalse((self.folder / "data").exists())

    def test_refuses_another_bible(self):
        program = self.folder / "bible"
        program.write_text("#!/bin/sh\necho 'Ge1:1 In the beginning'\n")
        program.chmod(0o755)
        done = self.run_setup(PATH=f"{self.folder}:{os.environ['PATH']}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("printed 1 lines, not the 31102 verses", done.stderr)
        self.assertFalse((self.folder / "data").exists())

    @unittest.skipUnless(shutil.which("bible"), "bible-kjv is not installed")
    def test_writes_the_data_that_the_suite_was_trained_on(self):
        self.assertEqual(self.run_setup().returncode, 0)
        data = json.loads((SUITE / "suite.json").read_text())["data"]
        for name, sha256 in data["sha256"].items():
            written = (self.folder / data[name]).read_bytes()
            self.assertEqual(hashlib.sha256(written).hexdigest(), sha256, name)

    def test_words_and_splits(self):
        lines = [f"Ps{chapter}:1 Chapter {'x' * chapter}" for chapter in range(1, 21)]
        lines[0] = "Ps1:1 Thy loving-kindness, his sons' wives (the LORD's): sin--; Amen."
        train, profiling, evaluation = setup_sentence.sentences_by_split(lines)
        self.assertEqual(
            train[0],
            ["thy", "loving-kindness", "his", "sons'", "wives", "the", "lord's", "sin", "amen"],
        )
        self.assertEqual(len(train), 18)
        self.assertEqual(profiling, [["chapter", "x" * 10]])
        self.assertEqual(evaluation, [["chapter", "x" * 20]])

    def test_vocabulary_is_ordered_by_frequency_then_alphabet(self):
        sentences = [["b", "a", "rare", "c"]] * 3 + [["c", "a", "b", "c"]]
        self.assertEqual(setup_sentence.vocabulary(sentences), ["<unknown>", "<s>", "c", "a", "b"])


class FirstStageTwice(torch.nn.Module):
    """In TorchScript, because a call from Python copies the list of the state."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor):
        state = self.module.start(x, [])
        return self.module.stage(1, state)[0], self.module.stage(1, state)[0]


class Export(unittest.TestCase):
    """Whatever was skipped before, an exported module gives the logits of the trained network."""

    def setUp(self):
        torch.manual_seed(1)
        self.sentences = [torch.randint(2, 5000, (words,)) for words in (1, 2, 9, 20)]

    def check(self, spec):
        network = spec.build().eval()
        file = io.BytesIO()
        torch.jit.save(torch.jit.script(spec.deploy(network).eval()), file)
        file.seek(0)
        module = torch.jit.load(file)
        sentence_export.load_weights(network, module)
        with torch.inference_mode():
            sentence_export.check(module, network, self.sentences)
        return module

    def test_traditional(self):
        self.check(LSTMSpec(embedding=8, hidden=12, dropout=0.5))

    def test_anytime(self):
        spec = AnytimeSpec(embeddings=(4, 4, 8), hidden=(6, 8, 10), dropout=(0.5, 0.5, 0.5))
        self.assertEqual(self.check(spec).num_stages(), 3)

    def test_a_state_can_be_used_twice(self):
        spec = AnytimeSpec(embeddings=(4, 4), hidden=(6, 8), dropout=(0.0, 0.0))
        twice = torch.jit.script(FirstStageTwice(spec.deploy(spec.build()).eval()))
        first, second = twice(torch.tensor([[1, 5, 6]]))
        self.assertTrue(torch.equal(first, second))


if __name__ == "__main__":
    unittest.main()
