"""How far alert stays from the oracle, with and without contention, and what xi it believed in. Reads
the log of a replay that has both schemes:

    build/release/alert-bench replay --config configs/image.json --schemes alert,oracle \\
        --set log_inferences=true --trace results/image/traces/*.jsonl.gz --out runs/oracle-gap
    /usr/bin/python3 scripts/oracle_gap.py runs/oracle-gap
"""

import argparse
import collections
import json


def percentile(values, share):
    return sorted(values)[int(share * (len(values) - 1))]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", help="results folder")
    arguments = parser.parse_args()

    energy_j = collections.defaultdict(float)  # by environment, contention, scheme
    xi = collections.defaultdict(list)  # by environment, contention
    with open(f"{arguments.results}/inferences.jsonl") as log:
        for line in map(json.loads, log):
            if line["task"] != "minimize-energy":
                continue
            place = line["environment"], line["outcome"]["contention"]
            energy_j[*place, line["scheme"]] += line["outcome"]["energy_j"]
            if line["scheme"] == "alert":
                xi[place].append(line["estimator"]["xi_mean"])

    print("environment  contention  energy, alert / oracle  xi p50   p90    p99    max")
    for (environment, contention), values in xi.items():
        ratio = (energy_j[environment, contention, "alert"]
                 / energy_j[environment, contention, "oracle"])
        print(f"{environment:<12} {'on' if contention else 'off':<11} {ratio:22.3f}",
              *(f"{percentile(values, share):6.2f}" for share in (0.5, 0.9, 0.99, 1.0)))


if __name__ == "__main__":
    main()
