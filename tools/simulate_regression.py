"""Simulate the figures of docs/statistics.md: `python tools/simulate_regression.py` prints its tables."""

from __future__ import annotations

import argparse

from simulation import intervals, standouts, stopping, verdicts

TABLES = (
    verdicts.false_alarms,
    verdicts.power,
    verdicts.demands,
    intervals.net_loss_coverage,
    intervals.cleared,
    intervals.pass_rates,
    intervals.slipping,
    intervals.several_models,
    stopping.stopping,
    standouts.standouts,
)


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=2_000)
    tables = {function.__name__: function for function in TABLES}
    parser.add_argument("--only", choices=list(tables))
    arguments = parser.parse_args()
    print(f"{arguments.simulations} simulations")
    for name, table in tables.items():
        if arguments.only not in {None, name}:
            continue
        print(f"\n### {name}\n\n{table.__doc__}\n")
        for number, row in enumerate(table(arguments.simulations)):
            print("| " + " | ".join(row) + " |", flush=True)
            if not number:
                print("|" + "---|" * len(row))


if __name__ == "__main__":
    main()
