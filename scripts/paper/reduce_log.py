"""Reduces the log of a replayed grid, which takes gigabytes, to what `alert-paper claims` needs of
it: inferences.jsonl becomes inferences.npz beside it, with arrays

    [scheme, environment, setting, input]    energy_j, accuracy (credited), late,
                                             xi_mean (nan: no estimator)
    [environment, input]                     group, contention

and the schemes and environments that they are of. The log is removed.
"""

from argparse import RawDescriptionHelpFormatter

import numpy as np

from paper.results import Results


def reduced(results):
    schemes, environments = results.schemes, results.environments
    scheme_index = {name: i for i, name in enumerate(schemes)}
    environment_index = {name: i for i, name in enumerate(environments)}
    inputs = results.summary["results"][0]["inputs"]
    shape = len(schemes), len(environments), len(results.grid), inputs
    energy_j, accuracy, xi_mean = (np.full(shape, np.nan) for _ in range(3))
    late = np.zeros(shape, bool)
    group, contention = np.zeros(shape[1::2], int), np.zeros(shape[1::2], bool)
    for line in results.log():
        if "lost" in line:
            raise ValueError(f"{results}/inferences.jsonl: input {line['input']} was lost "
                             f"({line['lost']}): the claims need every input")
        e, outcome = environment_index[line["environment"]], line["outcome"]
        place = scheme_index[line["scheme"]], e, line["setting"], line["input"]
        energy_j[place] = outcome["energy_j"]
        accuracy[place] = outcome["credited_accuracy"]
        late[place] = not outcome["deadline_met"]
        if line["estimator"] is not None:
            xi_mean[place] = line["estimator"]["xi_mean"]
        group[e, line["input"]] = line["group"]
        contention[e, line["input"]] = outcome["contention"]
    if np.isnan(energy_j).any():
        raise ValueError(f"{results}/inferences.jsonl: lines are missing")
    return {"schemes": schemes, "environments": environments, "energy_j": energy_j,
            "accuracy": accuracy, "late": late, "xi_mean": xi_mean, "group": group,
            "contention": contention}


def run(options):
    results = options.results
    np.savez_compressed(results.folder / "inferences.npz", **reduced(results))
    (results.folder / "inferences.jsonl").unlink()


def add_command(commands):
    parser = commands.add_parser("reduce-log", help="reduce a replay's log to what claims need",
                                 description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Results, help="results folder of a whole replay")
    parser.set_defaults(run=run)
