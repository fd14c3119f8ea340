"""Compute the baseline fits of effective robustness from a copy of the ImageNet testbed.

    git clone https://github.com/modestyachts/imagenet-testbed
    python tools/fit_effective_robustness.py imagenet-testbed

It reads the table `robustness_top1s.csv` and the list of standard models in `plotting/model_types.py`, of which nothing
runs, and prints for each set slope, intercept, number of models and correlation, as in
`tierbench.metrics.effective_robustness`, and the sums that its test starts from. Of ImageNet-A it prints both lines
that the testbed's authors draw, below and above the accuracy of ResNet-50.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

# Column of the set, column of the clean accuracy, and the least one of a model in the fit, in percent: as in
# plotting/paper_*.py.
FITS = {
    "imagenetv2-matched-frequency": ("imagenetv2-matched-frequency-format-val", "val", 55),
    "imagenetv2-threshold0.7": ("imagenetv2-threshold-0.7-format-val", "val", 55),
    "imagenetv2-top-images": ("imagenetv2-top-images-format-val", "val", 55),
    "imagenet-sketch": ("imagenet-sketch", "val", 55),
    "imagenet-r": ("imagenet-r", "val-on-imagenet-r-classes", 75),
    "objectnet": ("objectnet-1.0-beta", "val", 55),
}
ADVERSARIAL = ("imagenet-a", "val-on-imagenet-a-classes", 75)
LEFT_OUT = ("aws", "batch64", "subsample")


def main() -> None:
    """Print the fits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("copy", type=Path, help="of github.com/modestyachts/imagenet-testbed")
    copy = parser.parse_args().copy
    table = pd.read_csv(copy / "robustness_top1s.csv", index_col="model")
    types = (copy / "plotting/model_types.py").read_text(encoding="utf-8")
    standard = {
        name
        for name, kind in re.findall(r"'([^']+)': ModelTypes\.(\w+),", types)
        if kind == "STANDARD" and not any(part in name.lower() for part in LEFT_OUT)
    }
    table = table[table.index.isin(standard)]
    for name, columns in FITS.items():
        print_fit(name, accuracies(table, *columns))
    # No logit exists of ResNet-50's 0 %.
    both = accuracies(table, *ADVERSARIAL).drop(index="resnet50")
    turn = table.loc["resnet50", ADVERSARIAL[1]]
    print_fit("imagenet-a, below ResNet-50", both[both["clean"] < turn])
    print_fit("imagenet-a, above ResNet-50", both[both["clean"] > turn])


def accuracies(table: pd.DataFrame, shifted: str, clean: str, least: float) -> pd.DataFrame:
    """Return both accuracies of each model, in percent."""
    both = pd.DataFrame({"clean": table[clean], "shifted": table[shifted]}).dropna()
    return both[both["clean"] >= least]


def print_fit(name: str, both: pd.DataFrame) -> None:
    """Print the line through the logits, the range of the clean accuracies, and the sums that the line follows from."""
    x, y = (np.log(both[column] / (100 - both[column])) for column in both)
    fit = stats.linregress(x, y)
    print(f"{name}: {float(fit.slope)!r} {float(fit.intercept)!r} {len(both)} {fit.rvalue:.4f}")
    print(f"  {both['clean'].min():.2f} to {both['clean'].max():.2f} %")
    print(f"  {[float(total) for total in (x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum())]}")


if __name__ == "__main__":
    main()
