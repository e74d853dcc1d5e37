"""The commands that draw figures."""

import pathlib

from paper import style
from paper.figures import all_figures
from paper.results import Results


def draw_one(options):
    style.save(options.figure.draw(options.results, options), options.out)


def draw_all(options):
    for slug, figure in all_figures().items():
        if figure.of_suites:
            style.save(figure.draw(options.results, options), options.out / (slug + options.suffix))


def add_results(parser):
    parser.add_argument("results", nargs="+", type=Results, help="results folders")


def add_command(commands):
    one = commands.add_parser("figure", help="draw one figure")
    slugs = one.add_subparsers(required=True, dest="slug")
    for slug, figure in all_figures().items():
        parser = slugs.add_parser(slug, description=figure.caption)
        add_results(parser)
        parser.add_argument("--out", required=True, type=pathlib.Path,
                            help="file to write, without suffix")
        figure.add_options(parser)
        parser.set_defaults(run=draw_one, figure=figure)

    every = commands.add_parser("figures", help="draw every figure of whole grids")
    add_results(every)
    every.add_argument("--out", required=True, type=pathlib.Path, help="folder to write them into")
    every.add_argument("--suffix", default="", help="of the files' names")
    every.set_defaults(run=draw_all)
