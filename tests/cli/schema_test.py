"""The program refuses a config, platform, suite or profile where its JSON schema does, and only
there: every value of valid files is taken away, put wrong and put otherwise."""

import copy
import gzip
import json
import re
import struct
import unittest

from jsonschema import Draft202012Validator
from support import SOURCE, CliTest, read, run, sha256, write

OTHERS = (None, True, "", "text", [], {}, -1, -0.5, 0, 0.5, 1.5, 7, 1e12)
# What a schema cannot say: rules between values, and files that are not there.
BETWEEN_VALUES = re.compile(
    r"ascend|stands twice|also named|before it begins|after its end|group_size/1: must be"
    r"|the splits overlap|must not both be 0|one (row|value|number) per|one per stage"
    r"|the suite has \d+ classes|number for each cap|shape of latency_s|at every model or at none"
    r"|cannot read|no such file|is not there|(is|holds) .* (items|bytes)|SHA-256"
    r"|a platform file alone cannot name"
    r"|idle_power_w: must (be below|lie in)|latency not above 0|busy power not above 0")


def places(value, pointer=()):
    """The pointers of every value inside a document."""
    children = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*pointer, key)
        yield from places(child, (*pointer, key))


def changed(document, pointer, change):
    """A copy, where `change` has been done to what holds the value at the pointer."""
    document = copy.deepcopy(document)
    holder = document
    for key in pointer[:-1]:
        holder = holder[key]
    change(holder, pointer[-1])
    return document


def mutations(document):
    """What was done, and the document that came of it."""
    yield "/unknown added", {**document, "unknown": 1}
    for pointer in places(document):
        place = "/" + "/".join(map(str, pointer))
        yield f"{place} taken away", changed(document, pointer, lambda holder, key: holder.pop(key))
        for other in OTHERS:
            yield f"{place} = {json.dumps(other)}", changed(
                document, pointer, lambda holder, key: holder.__setitem__(key, other))
        yield f"{place}/unknown added", changed(
            document, pointer, lambda holder, key: isinstance(holder[key], dict)
            and holder[key].update(unknown=1))


class Schemas(CliTest):

    maxDiff = None

    def check(self, kind, document, name="{}.json"):
        """Mutations in files of this name, which are validated by one process."""
        schema = read(SOURCE / "configs/schema" / f"{kind}.schema.json")
        is_valid = Draft202012Validator(schema).is_valid
        self.assertTrue(is_valid(document))
        cases = {}
        for number, (what, mutated) in enumerate([("nothing", document), *mutations(document)]):
            file = self.folder / name.format(number)
            file.parent.mkdir(exist_ok=True)
            cases[str(write(file, mutated))] = what, mutated
        process = run("validate", *cases)
        accepted = {line.split(": ")[0] for line in process.stdout_text.splitlines()}
        messages = iter(process.stderr_text.splitlines())  # in the order of the files
        differences = []
        for file, (what, mutated) in cases.items():
            message = None if file in accepted else next(messages)
            if not is_valid(mutated) and message is None:
                differences.append(f"{what}: only the schema refuses")
            elif is_valid(mutated) and message and not BETWEEN_VALUES.search(message):
                differences.append(f"{what}: only the program refuses: {message}")
        self.assertEqual(list(messages), [])
        self.assertEqual("\n".join(differences), "")

    def test_config(self):
        schedule = {"windows": [[1, 4], [8, 9]]}
        self.check("config", {
            "schema_version": 1, "name": "all-keys", "mode": "replay",
            "suite": "models/image", "platform": "platform.json", "profile": "profile.json",
            "inputs": {"count": 6, "burst": 2, "seed": 3, "warmup": 1, "profile": 2,
                       "idle_gap_s": 0.5, "group_size": [1, 3]},
            "environments": [
                {"name": "default"},
                {"name": "memory", "contention": {
                    "workload": "memory", "workers": 2, "nice": 1, "schedule": schedule}},
                {"name": "stress", "contention": {
                    "workload": "stress-ng", "arguments": ["--cpu", "2"],
                    "schedule": {"random": {"mean_on": 5, "mean_off": 2.5}}}},
                {"name": "program", "contention": {
                    "workload": "exec", "command": ["sleep", "9"], "schedule": schedule}}],
            "goals": [
                {"task": "minimize-energy", "deadline_scale": [0.5, 1], "accuracy": {"levels": 2},
                 "deadline_confidence": 0.9, "on_infeasible": "energy"},
                {"task": "maximize-accuracy", "deadline_s": [0.1], "energy": [0.5, 2]}],
            "schemes": ["app-only", {
                "scheme": "alert", "name": "tuned", "K_0": 0.5, "R": 0.1, "Q_0": 0.1, "mu_0": 1,
                "sigma2_0": 0.1, "alpha": 0.3, "M_0": 0.1, "S": 0.1, "V": 0.1,
                "accuracy_window": 10}],
            "on_error": "skip", "log_inferences": False})

    def test_config_of_a_live_run(self):
        self.check("config", {
            "schema_version": 1, "name": "live", "mode": "live", "suite": "s", "platform": "p",
            "inputs": {"count": 1}, "environments": [{"name": "default"}],
            "goals": [{"task": "minimize-energy", "deadline_s": [1], "accuracy": [0.5]}],
            "schemes": ["alert"], "log_inferences": True})

    def test_config_of_a_simulation(self):
        platform = str(SOURCE / "configs/platforms/simulated-laptop.json")
        config = {
            "schema_version": 1, "name": "simulation", "mode": "replay",
            "inputs": {"count": 5}, "environments": [{"name": "default"}],
            "goals": [{"task": "minimize-energy", "deadline_s": [1], "accuracy": [0.5]}],
            "schemes": ["oracle"]}
        self.check("config", {**config, "simulate": {
            "platform": platform, "suite": "made-up", "q_fail": 0.1, "models": [
                {"name": "a", "kind": "traditional", "accuracy": [0.8], "gflop": [1]},
                {"name": "b", "kind": "anytime", "accuracy": [0.6, 0.7], "gflop": [1, 2]}]}})
        self.check("config", {**config, "simulate": {
            "platform": platform, "profile": str(write(self.folder / "profile", self.profile())),
            "latency_scale": 2}})

    def test_platforms(self):
        for name in "emulated-laptop", "simulated-laptop":
            platform = read(SOURCE / f"configs/platforms/{name}.json")
            platform["power_caps_w"] = [10, 45]
            self.check("platform", platform)
        self.check("platform", {
            "schema_version": 1, "name": "all-keys", "limiter": "auto", "meter": "hwmon",
            "device": "cpu", "threads": 2, "power_caps_w": {"levels": 3},
            "emulated": read(SOURCE / "configs/platforms/emulated-laptop.json")["emulated"],
            "hwmon_sensors": ["ina226/power1"], "sysfs_root": "/sys", "nvml_library": "libx.so"})

    @staticmethod
    def profile():
        return {
            "schema_version": 1, "suite": "made-up", "energy_source": "emulated", "q_fail": 0.1,
            "power_caps_w": [10, 20], "idle_power_w": 2, "models": [
                {"name": "a", "kind": "traditional", "accuracy": [0.8],
                 "latency_s": [[0.2], [0.1]], "latency_std_s": [[0.1], [0]],
                 "catch_up_s": [[0.1], [0.05]], "energy_inferences": [1, 3],
                 "busy_power_w": [9, 18]},
                {"name": "b", "kind": "anytime", "accuracy": [0.6, 0.7],
                 "latency_s": [[0.2, 0.3], [0.1, 0.2]], "latency_std_s": [[0.1, 0.1], [0, 0]],
                 "catch_up_s": [[0.1, 0.2], [0.05, 0.1]], "busy_power_w": [9, 18]}]}

    def test_profile(self):
        self.check("profile", self.profile())

    def check_suite(self, data, **more):
        model = self.folder / "model.pt"
        model.write_bytes(b"a module")
        self.check("suite", {
            "schema_version": 1, "name": "small", "task": "guessing", "metric": "accuracy",
            "classes": 3, "q_fail": 0.3,
            "data": {**data, "description": "made up", "license": "none",
                     "debian_package": "none", "setup": "none",
                     "splits": {"profiling": [0, 1], "evaluation": [2, 3]}},
            "models": [
                {"name": name, "file": "../model.pt", "kind": kind, "sha256": sha256(model),
                 "parameters": 5, "accuracy": accuracy, "perplexity": [3] * len(accuracy)}
                for name, kind, accuracy in (("a", "traditional", [0.5]),
                                             ("b", "anytime", [0.4, 0.6]))],
            **more}, "suite{}/suite.json")

    def test_suite_of_images(self):
        images = struct.pack(">4I", 0x803, 4, 2, 2) + bytes(16)
        (self.folder / "images").write_bytes(images)
        (self.folder / "labels").write_bytes(gzip.compress(struct.pack(">2I", 0x801, 4) + bytes(4)))
        self.check_suite({"format": "idx", "images": "../images", "labels": "../labels"})

    def test_suite_of_sentences(self):
        sentences, vocabulary = self.folder / "sentences", self.folder / "vocabulary"
        sentences.write_text("a b\n" * 4)
        vocabulary.write_text("<unknown>\n<s>\na\n")
        self.check_suite({"format": "text", "sentences": "../sentences",
                          "vocabulary": "../vocabulary",
                          "sha256": {"sentences": sha256(sentences),
                                     "vocabulary": sha256(vocabulary)}})


if __name__ == "__main__":
    unittest.main()
