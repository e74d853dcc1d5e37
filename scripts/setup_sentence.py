#!/usr/bin/env python3
"""Write the data of models/sentence: the King James Bible as Debian's bible-kjv prints it.

verses.txt has one verse per line, its words in lower case without punctuation: first the training
verses, then those of the profiling and of the evaluation split, each in the Bible's order. Of every
20 chapters, counted through the whole Bible, the 10th is for profiling and the 20th for evaluation:
so each split has law, history, poetry, prophecy, gospels and letters.
vocabulary.txt has one token per line; its number, from 0, is the token's id: <unknown>, <s>, then
every word that stands at least 4 times in the training verses, the frequent ones first.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Iterable, List, Tuple

DEBIAN_PACKAGE = "bible-kjv"
DATA_FOLDER = "/usr/lib"  # or the program would look into the working directory first
VERSES = 31102
# An apostrophe at a word's end marks a possessive plural ("his sons' wives"); there are no quotes.
WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*'?")
UNKNOWN, START = "<unknown>", "<s>"
LEAST_COUNT = 4
SPLITS = ("train", "profiling", "evaluation")


def printed_verses() -> List[str]:
    """Lines like "Ge1:1 In the beginning ..."."""
    program = shutil.which("bible")
    if program is None:
        sys.exit(
            "setup_sentence.py: the program 'bible' is missing;"
            f" install it with: apt-get install {DEBIAN_PACKAGE}"
        )
    command = [program, "-f", "-p", DATA_FOLDER, "gen1:1-rev22:21"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0 or len(lines) != VERSES:
        sys.exit(
            f"setup_sentence.py: '{' '.join(command)}' printed {len(lines)} lines, not the"
            f" {VERSES} verses of Debian's {DEBIAN_PACKAGE} (status {done.returncode}):"
            f" {done.stderr.strip() or 'no message'}"
        )
    return lines


def split_of(chapter: int) -> str:
    """The split of a chapter, counted from 1 through the whole Bible."""
    return {10: "profiling", 0: "evaluation"}.get(chapter % 20, "train")


def sentences_by_split(lines: Iterable[str]) -> Tuple[List[List[str]], ...]:
    """Per split of SPLITS, the words of each verse."""
    splits = {name: [] for name in SPLITS}
    chapter, last = 0, ""
    for line in lines:
        reference, text = line.split(" ", 1)
        book_and_chapter = reference.split(":")[0]
        if book_and_chapter != last:
            chapter, last = chapter + 1, book_and_chapter
        splits[split_of(chapter)].append(WORD.findall(text.lower()))
    return tuple(splits[name] for name in SPLITS)


def vocabulary(train: List[List[str]]) -> List[str]:
    counts = Counter(word for sentence in train for word in sentence)
    kept = [word for word, count in counts.items() if count >= LEAST_COUNT]
    return [UNKNOWN, START] + sorted(kept, key=lambda word: (-counts[word], word))


def write(path: Path, lines: Iterable[str]) -> None:
    """Whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    os.replace(new, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).resolve().parent.parent / "models/sentence/data"
    parser.add_argument("--out", type=Path, default=default, help="folder (default: %(default)s)")
    out = parser.parse_args().out

    splits = sentences_by_split(printed_verses())
    words = vocabulary(splits[0])
    out.mkdir(parents=True, exist_ok=True)
    write(out / "verses.txt", (" ".join(sentence) for split in splits for sentence in split))
    write(out / "vocabulary.txt", words)
    counts = ", ".join(f"{len(split)} {name}" for name, split in zip(SPLITS, splits))
    print(f"{out}: {counts} verses, {len(words)} tokens", file=sys.stderr)


if __name__ == "__main__":
    main()
