"""Figures, claims and a report to hold beside the paper's, from results folders of alert-bench.
scripts/reproduce_paper.sh runs all of it."""

import argparse

from paper import claims, differences, draw, plus, reduce_log, report

COMMANDS = (draw, reduce_log, claims, differences, plus, report)


def main():
    parser = argparse.ArgumentParser(prog="alert-paper", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add_command(commands)
    options = parser.parse_args()
    try:
        options.run(options)
    except (OSError, ValueError) as error:
        parser.exit(2, f"alert-paper: {error}\n")
