#!/usr/bin/env python3
"""Write the labels of the speech suite's clips: models/speech/data/labels.csv.

The clips are the recorded syllables of Debian's gcin-voice; a file's folder is its syllable's
Bopomofo spelling. A clip's class is the first symbol of the spelling. Train, profiling and
evaluation share no syllable base (the spelling without its tone digit); each has both speakers.
"""

import argparse
import csv
import hashlib
import io
import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import Dict, List

AUDIO = Path("/usr/share/gcin-voice/ogg")
LABELS = Path(__file__).parent.parent / "models/speech/data/labels.csv"
# The splits in models/speech/suite.json are row numbers of the file with this hash.
LABELS_SHA256 = "5d543f6bdd03c65bac0c5ef2c23a8b2593387c5acf2aed80c2f24c6f7a7ab96d"
TONES = "1234"
HELD_OUT_SHARE = 0.2  # of a class's bases, in profiling and in evaluation each
SEED = 1


def in_random_order(names: List[str]) -> List[str]:
    """The same order for every version of Python."""
    return sorted(names, key=lambda name: hashlib.sha256(f"{SEED} {name}".encode()).digest())


def splits(bases: List[str]) -> Dict[str, List[str]]:
    """The syllable bases of each split, stratified by class.

    A class with fewer than three bases (the bare finals) is in train only.
    """
    of_class = defaultdict(list)
    for base in in_random_order(bases):
        of_class[base[0]].append(base)
    split: Dict[str, List[str]] = {"train": [], "profiling": [], "evaluation": []}
    for members in of_class.values():
        held_out = round(HELD_OUT_SHARE * len(members)) if len(members) >= 3 else 0
        split["profiling"] += members[:held_out]
        split["evaluation"] += members[held_out : 2 * held_out]
        split["train"] += members[2 * held_out :]
    return split


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    if not AUDIO.is_dir():
        sys.exit(f"{AUDIO} is missing; install it with: apt-get install gcin-voice")
    clips = defaultdict(list)  # per base
    for file in AUDIO.glob("*/*.ogg"):
        clips[file.parent.name.rstrip(TONES)].append(f"{file.parent.name}/{file.name}")
    classes = sorted({base[0] for base in clips})

    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["file", "label", "speaker"])
    counts = []
    for split, bases in splits(list(clips)).items():
        files = in_random_order([file for base in bases for file in clips[base]])
        rows.writerows([file, classes.index(file[0]), Path(file).stem] for file in files)
        counts.append(f"{len(files)} {split}")

    labels = text.getvalue().encode()
    if hashlib.sha256(labels).hexdigest() != LABELS_SHA256:
        sys.exit(
            f"{AUDIO} holds other clips than gcin-voice had when models/speech was trained"
            f" ({', '.join(counts)}); nothing written"
        )
    LABELS.parent.mkdir(parents=True, exist_ok=True)
    partial = LABELS.with_suffix(".csv.partial")
    partial.write_bytes(labels)
    os.replace(partial, LABELS)
    print(f"{LABELS}: {len(classes)} classes, clips: {', '.join(counts)}")


if __name__ == "__main__":
    main()
