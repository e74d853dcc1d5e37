"""What the black-box tests of alert-bench share."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from jsonschema import Draft202012Validator

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = os.environ["ALERT_BENCH"]
IMAGE_SUITE = SOURCE / "models" / "image"
TIMEOUT_S = 300  # of a command that should take seconds: it hangs


def start(*arguments, **options):
    """Starts the program without waiting for it."""
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.Popen(command, cwd=SOURCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, **options)


def run(*arguments, **options):
    """The finished process of a command; its standard streams are text."""
    with start(*arguments, **options) as process:
        try:
            process.stdout_text, process.stderr_text = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return process


def read(file):
    return json.loads(file.read_text())


def read_lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def write(file, document):
    file.write_text(json.dumps(document))
    return file


def schema_errors(kind, document):
    """What is wrong with a document by configs/schema/<kind>.schema.json."""
    schema = read(SOURCE / "configs" / "schema" / f"{kind}.schema.json")
    errors = Draft202012Validator(schema).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in errors]


class CliTest(unittest.TestCase):
    """A folder for each test, and what the tests put there."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def assert_succeeds(self, *arguments, **options):
        process = run(*arguments, **options)
        self.assertEqual(process.returncode, 0, process.stderr_text)
        return process

    def assert_valid(self, kind, document):
        self.assertEqual(schema_errors(kind, document), [])


def small_platform():
    """The emulated laptop with its lowest and its highest cap, for few configurations."""
    platform = read(SOURCE / "configs" / "platforms" / "emulated-laptop.json")
    platform["power_caps_w"] = [platform["power_caps_w"][0], platform["power_caps_w"][-1]]
    return platform


def small_suite(names=("resnet-xxs",)):
    """The image suite with only these models."""
    suite = read(IMAGE_SUITE / "suite.json")
    suite["models"] = [model for model in suite["models"] if model["name"] in names]
    for model in suite["models"]:
        model["file"] = str(IMAGE_SUITE / model["file"])
    return suite


def contention(workload):
    """An environment; memory takes gigabytes, and as many seconds to begin."""
    return {"name": workload, "contention": {
        "workload": workload, "schedule": {"windows": [[1, 4]]}}}


def small_config(folder, suite=IMAGE_SUITE, **changes):
    """The path of a config of one setting, and of a platform for it, in the folder."""
    platform = write(folder / "platform.json", small_platform())
    config = {
        "schema_version": 1,
        "name": "small",
        "mode": "live",
        "suite": str(suite),
        "platform": str(platform),
        "inputs": {"count": 6, "burst": 2, "warmup": 1, "profile": 2, "idle_gap_s": 0},
        "environments": [{"name": "default"}, contention("compute")],
        "goals": [{"task": "minimize-energy", "deadline_scale": [1.0],
                   "accuracy": {"levels": 1}}],
        "schemes": ["alert", "app-only", "sys-only", "no-coord"],
    }
    config.update(changes)
    return write(folder / "config.json", config)


def small_simulation(folder):
    """The path of a config that simulates the laptop for a few inputs of two settings."""
    config = read(SOURCE / "configs" / "simulated-laptop.json")
    config["inputs"]["count"] = 6
    config["log_inferences"] = True
    for goal in config["goals"]:
        goal["deadline_scale"] = [1.0]
        goal["energy" if "energy" in goal else "accuracy"] = {"levels": 1}
    return write(folder / "simulation.json", config)


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()
