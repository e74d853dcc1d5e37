"""The paper's figures. Every module here is one: it has a FIGURE, and nothing else names it."""

import argparse
import dataclasses
import importlib
import pkgutil
import typing


@dataclasses.dataclass(frozen=True)
class Figure:
    slug: str
    caption: str  # what is drawn, and what to look for
    draw: typing.Callable  # a list of Results and the options to a matplotlib figure
    of_suites: bool = True  # drawn of whole grids; else of one run that is made for it
    add_options: typing.Callable[[argparse.ArgumentParser], None] = lambda parser: None


def all_figures():
    """By slug, in its order."""
    modules = (importlib.import_module(f"{__name__}.{module.name}")
               for module in pkgutil.iter_modules(__path__))
    return {module.FIGURE.slug: module.FIGURE
            for module in sorted(modules, key=lambda module: module.FIGURE.slug)}
