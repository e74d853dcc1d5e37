"""What all figures share: colours of the schemes (Okabe-Ito, safe for colour-blind readers), fonts,
and saving as PNG and PDF."""

import json
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

SCHEME_COLOURS = {
    "alert": "#0072B2",
    "alert-any": "#56B4E9",
    "alert-trad": "#009E73",
    "alert-mean": "#CC79A7",
    "app-only": "#E69F00",
    "sys-only": "#D55E00",
    "no-coord": "#F0E442",
    "oracle-static": "#999999",
    "oracle": "#444444",
    "oracle-clairvoyant": "#000000",
}

plt.rcParams.update(
    {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.constrained_layout.use": True,
        "savefig.dpi": 160,
    }
)


def read_json(file):
    return json.loads(pathlib.Path(file).read_text())


def save(figure, out):
    """Writes OUT.png and OUT.pdf."""
    out = pathlib.Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    for suffix in (".png", ".pdf"):
        # No creation date: the same data gives the same file.
        metadata = {"CreationDate": None} if suffix == ".pdf" else None
        figure.savefig(out.with_suffix(suffix), metadata=metadata)
        print(out.with_suffix(suffix))
