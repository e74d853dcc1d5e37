"""The documents say what is so: what they name exists, what they tell to type is understood, every
key and field of the schemas stands in them, and the order of the rooms that src/README.md draws
holds."""

import glob
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

from support import SOURCE, read, run, schema_errors

FOLDERS = [".ci", ".github", "configs", "models", "results", "scripts", "src", "tests"]
ROOMS = [folder.name for folder in (SOURCE / "src").iterdir() if folder.is_dir()]
CODE = {".cmake", ".cpp", ".hpp", ".json", ".py", ".sh", ".txt", ".in", ".yml"}
METHOD = "src/alert/README.md"
WRITTEN = {"live.md", "tables.md"}  # by the program and the scripts, as results


def files(suffixes):
    """Those of the repository: what git ignores is elsewhere, but for the suites' data."""
    found = [file for file in SOURCE.iterdir() if file.suffix in suffixes]
    for folder in FOLDERS:
        found += [file for file in (SOURCE / folder).rglob("*")
                  if file.suffix in suffixes and "data" not in file.parts and file.is_file()]
    return sorted(found)


DOCUMENTS = {str(file.relative_to(SOURCE)): file.read_text() for file in files({".md"})
             if file.name not in WRITTEN}
SOURCES = {str(file.relative_to(SOURCE)): file.read_text() for file in files(CODE)}


def exists(path):
    """Whether there is such a file or folder; path may have wildcards."""
    return bool(glob.glob(str(SOURCE / path)))


def beside(file, name):
    return os.path.normpath(os.path.join(os.path.dirname(file), name))


def blocks(text, *languages):
    for language, body in re.findall(r"^```(\w*)\n(.*?)^```", text, re.M | re.S):
        if language in languages:
            yield body


def without_blocks(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def anchors(text):
    """Those that GitHub gives the headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", without_blocks(text), re.M)}


def section(text, heading):
    """From the heading to the next one that is not below it."""
    start = re.search(rf"^(#+) {re.escape(heading)}$", text, re.M)
    end = re.search(rf"^#{{1,{len(start[1])}}} ", text[start.end():], re.M)
    return text[start.end():start.end() + end.start()] if end else text[start.end():]


def tables(text):
    """The rows of each table as lists of cells, the header first."""
    for table in re.findall(r"(?:^\|.*\|$\n?)+", text, re.M):
        header, _, *rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
                            for line in table.splitlines()]
        yield header, rows


def shell_commands(document):
    """Each command of a document's shell and workflow blocks, as words."""
    text = "\n".join(blocks(document, "sh"))
    for workflow in blocks(document, "yaml"):
        steps = re.sub(r"\s*>?\n(?! *- ) +", " ", workflow)  # a step a line
        text += "\n" + re.sub(r"^ *- run: ", "", steps, flags=re.M)
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        ends = [i for i, word in enumerate(words) if word in ("|", ">", ">>", "&&")]
        for begin, end in zip([0, *(i + 1 for i in ends)], [*ends, len(words)]):
            if words[begin:end]:
                yield words[begin:end]


def program_commands(document):
    """The arguments of each call of alert-bench in a document: in blocks, text and tables."""
    for name, *arguments in shell_commands(document):
        if os.path.basename(name) == "alert-bench":
            yield arguments
    inline = re.compile(r"`(?:build/release/)?alert-bench ([a-z][^`]*)`")
    yield from map(shlex.split, inline.findall(without_blocks(document)))
    for header, rows in tables(document):
        if header[0] == "command":
            yield from (shlex.split(row[0].strip("`")) for row in rows)


def expanded(arguments):
    """As a shell would have them, and a document for each FILE to be filled in."""
    for argument in arguments:
        if re.fullmatch(r"FILE(\.\.\.)?", argument):
            yield "README.md"
        elif "*" in argument:
            yield from sorted(glob.glob(argument, root_dir=SOURCE)) or [argument]
        else:
            yield argument


class Schema:
    """The keys of a JSON Schema by path, as in a.b or list[].c, with all that is said of each."""

    def __init__(self, kind):
        self.root = read(SOURCE / "configs" / "schema" / f"{kind}.schema.json")
        self.keys = {}
        self._visit(self.root, "")

    def _visit(self, node, path):
        for part in self._same(node):
            for name, child in part.get("properties", {}).items():
                key = f"{path}.{name}" if path else name
                self.keys.setdefault(key, []).append(child)
                self._visit(child, key)
            if "items" in part:
                self._visit(part["items"], path + "[]")

    def _same(self, node):
        """The node, and all that is said of the same place in other ones."""
        if not isinstance(node, dict):
            return
        yield node
        if "$ref" in node:
            place = self.root
            for name in node["$ref"].removeprefix("#/").split("/"):
                place = place[name]
            yield from self._same(place)
        for key in "if", "then", "else":
            yield from self._same(node.get(key))
        for key in "allOf", "anyOf", "oneOf":
            for part in node.get(key, []):
                yield from self._same(part)

    def said(self, key, *words):
        """All values of these words of the schema for a key."""
        nodes = [part for node in self.keys[key] for part in self._same(node)]
        return [node[word] for node in nodes for word in words if word in node]

    def bounds(self, key):
        """Of the key's number, or of the numbers in its list."""
        words = "minimum", "exclusiveMinimum", "maximum"
        items = [part for items in self.said(key, "items") for part in self._same(items)]
        return {*self.said(key, *words),
                *(part[word] for part in items for word in words if word in part)}


def documented(text):
    """The rows of tables of keys or fields, by each key that their first cell names."""
    return {key: row for header, rows in tables(text)
            if header[0].startswith(("key", "field"))
            for row in rows for key in re.findall(r"`([^`]+)`", row[0])}


class Documents(unittest.TestCase):

    def test_documents_and_scripts_that_are_named_exist(self):
        document = re.compile(r"(?<![\w$/}.*-])(?:[\w.-]+/)*[\w.-]+\.md\b")
        script = re.compile(r"\bscripts/[\w/*-]+(?:\.(?:py|sh)\b)?")
        for file, text in {**DOCUMENTS, **SOURCES}.items():
            named = set(document.findall(text)) - WRITTEN
            if not file.startswith("tests/"):  # they make scripts up
                named |= set(script.findall(text))
            for name in named:
                if "NAME" in name:  # to be filled in
                    continue
                with self.subTest(file, name=name):
                    self.assertTrue(exists(name) or exists(beside(file, name)))

    def test_sections_of_the_method_that_are_cited_exist(self):
        sections = set(re.findall(r"^## (\d+)\. ", DOCUMENTS[METHOD], re.M))
        cited = re.compile(re.escape(METHOD) + r" sections? (\d+(?:(?:, | and | to |,? and )\d+)*)")
        for file, text in SOURCES.items():
            for numbers in cited.findall(text):
                with self.subTest(file):
                    self.assertLessEqual(set(re.findall(r"\d+", numbers)), sections)
            with self.subTest(file):
                self.assertIsNone(re.search(r"[Ss]pec sections? \d", text))

    def test_paths_in_documents_exist(self):
        """Those in code style that begin in a folder of the repository or of its source."""
        path = re.compile(rf"`((?:{'|'.join(map(re.escape, FOLDERS + ROOMS))})/[^`\s]*)`")
        for document, text in DOCUMENTS.items():
            for name in path.findall(without_blocks(text)):
                if "/data" not in name and name == name.lower():  # upper case: to be filled in
                    with self.subTest(document, path=name):
                        self.assertTrue(exists(name) or exists(beside(document, name)))

    def test_links_resolve(self):
        for document, text in DOCUMENTS.items():
            for target in re.findall(r"\]\(([^)]+)\)", without_blocks(text)):
                if target.startswith("https://"):
                    continue
                path, _, anchor = target.partition("#")
                name = beside(document, path) if path else document
                with self.subTest(document, target=target):
                    self.assertTrue(exists(name))
                    if anchor:
                        self.assertIn(anchor, anchors(DOCUMENTS[name]))

    def test_command_lines_parse(self):
        """The program's own parser takes each: at an option that it does not know it stops before
        it acts, and tells of that option alone."""
        commands = [(document, command) for document, text in DOCUMENTS.items()
                    for command in program_commands(text)]
        self.assertGreater(len(commands), 20)
        for document, command in commands:
            with self.subTest(document, command=shlex.join(command)):
                process = run(*expanded(command), "--no-such-option")
                self.assertIn("argument was not expected: --no-such-option\n", process.stderr_text)

    def test_examples_are_valid(self):
        config = next(blocks(DOCUMENTS["configs/README.md"], "json"))
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(config)
            file.flush()
            process = run("validate", file.name)
        self.assertEqual(process.returncode, 0, process.stderr_text)
        line = next(blocks(DOCUMENTS["results/README.md"], "json"))
        self.assertEqual(schema_errors("inference", json.loads(line)), [])

    def test_scripts_that_are_to_be_run_exist(self):
        """And those in Python take their arguments, by the same test."""
        for document, text in DOCUMENTS.items():
            for words in shell_commands(text):
                script, *arguments = words[1:] if words[0] == sys.executable else words
                if not script.startswith(("scripts/", ".ci/")):
                    continue
                with self.subTest(document, command=shlex.join(words)):
                    self.assertTrue(os.access(SOURCE / script, os.X_OK))
                    if "python" in (SOURCE / script).read_text().splitlines()[0]:
                        told = subprocess.run(
                            [sys.executable, script, *arguments, "--no-such-option"], cwd=SOURCE,
                            capture_output=True, text=True).stderr
                        self.assertIn("unrecognized arguments: --no-such-option\n", told)

    def check_keys(self, document, rows, schema):
        with self.subTest(document, schema=schema.root["title"]):
            self.assertEqual(schema.keys.keys() - rows.keys(), set(), "not in the document")
            self.assertEqual(rows.keys() - schema.keys.keys(), set(), "not in the schema")

    def test_keys_of_configs_platforms_and_suites(self):
        for document, heading, kind in [("configs/README.md", "Config", "config"),
                                        ("configs/README.md", "Platforms", "platform"),
                                        ("models/README.md", "suite.json", "suite")]:
            schema, rows = Schema(kind), documented(section(DOCUMENTS[document], heading))
            self.check_keys(document, rows, schema)
            for key, (_, default, allowed, _) in rows.items():
                with self.subTest(kind, key=key):
                    for value in schema.said(key, "default"):
                        shown = value if isinstance(value, str) else json.dumps(value)
                        self.assertIn(f"`{shown}`", default)
                    for values in schema.said(key, "enum"):
                        self.assertLessEqual({f"`{value}`" for value in values},
                                             set(re.findall("`[^`]+`", allowed)))
                    numbers = re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?", allowed)
                    bounds = schema.bounds(key) - {2 ** 32 - 1}  # of every count
                    self.assertLessEqual(bounds, set(map(float, numbers)))

    def test_fields_of_results(self):
        for heading, kind in [("manifest.json", "manifest"), ("profile.json", "profile"),
                              ("traces", "trace"), ("inferences.jsonl", "inference"),
                              ("summary.json", "summary")]:
            rows = documented(section(DOCUMENTS["results/README.md"], heading))
            self.check_keys("results/README.md", rows, Schema(kind))


class Rooms(unittest.TestCase):

    def test_includes_point_down(self):
        """By the picture of src/README.md: rooms on one line know nothing of each other."""
        picture = next(blocks(section(DOCUMENTS["src/README.md"], "The rooms"), ""))
        lines = [re.findall(r"(\w+)/", line) for line in picture.splitlines()]
        depth = {room: i for i, line in enumerate(lines) for room in line}
        self.assertEqual(set(depth), set(ROOMS))
        for file, text in SOURCES.items():
            for room in re.findall("^src/(\\w+)/", file):
                for included in re.findall(r'^#include "(\w+)/', text, re.M):
                    with self.subTest(file, includes=included):
                        self.assertTrue(included == room or depth[included] > depth[room])


if __name__ == "__main__":
    unittest.main()
