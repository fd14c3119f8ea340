"""Write the contact sheet of a suite for its README: small pictures in rows by tier or ladder."""

from __future__ import annotations

import argparse
import csv
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent


def contact_sheet(folder: Path, width: int, columns: int) -> Image.Image:
    """Return a sheet of all pictures of a suite, `columns` per row, under headings: tiers, ladders, absence, twins."""
    with (folder / "metadata.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    cell = width // columns
    tall = cell * 8 // 9
    blocks = [(name, list(block)) for name, block in groupby(rows, key=_heading)]
    height = sum(20 + tall * -(-len(block) // columns) for _, block in blocks)
    sheet = Image.new("RGB", (cell * columns, height), "white")
    draw = ImageDraw.Draw(sheet)
    top = 0
    for name, block in blocks:
        draw.text((4, top + 4), name, fill="black")
        top += 20
        for index, entry in enumerate(block):
            with Image.open(folder / entry["file_name"]) as image:
                small = image.convert("RGB").resize((cell, tall), Image.Resampling.LANCZOS)
            sheet.paste(small, (index % columns * cell, top + index // columns * tall))
        top += tall * -(-len(block) // columns)
    return sheet


def _heading(entry: dict[str, str]) -> str:
    if entry["label"] == "-":
        return "twins: the same without the vehicle"
    if entry["label"].startswith("!"):
        return "absence: empty places"
    return entry.get("ladder") or f"tier {entry['tier']}"


def main() -> None:
    """Read the command line and write the sheet beside the metadata."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", nargs="*", default=["vehicles", "ladders"])
    parser.add_argument("--width", type=int, default=1100)
    parser.add_argument("--columns", type=int, default=10)
    options = parser.parse_args()
    for suite in options.suite:
        folder = ROOT / "cases" / suite
        contact_sheet(folder, options.width, options.columns).save(folder / "contact_sheet.jpg", quality=80)


if __name__ == "__main__":
    main()
