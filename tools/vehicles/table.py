"""The rows of a suite's metadata.csv: what stands beside each picture."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from vehicles.catalogue import Case, two_digits
from vehicles.plate import Plate
from vehicles.scenes import Scene

PARAMETERS = ["visibility_m", "illuminance_lx", "distance_m", "occlusion"]
COLUMNS = ["file_name", "label", "tier", "id", "tags", "group", "twin", *PARAMETERS, "source", "license", "notes"]
WITH_LADDER = [*COLUMNS[:7], "ladder", *COLUMNS[7:]]
SOURCE, LICENSE = "rendered by tools/render_vehicles.py", "Apache-2.0"


def row(case: Case, scene: Scene, plate: Plate) -> dict[str, str]:
    """Return the row of a case in metadata.csv; a twin's `plate` is its case's, since the parameters are the same."""
    visibility = case.visibility_for(scene)
    return {
        "file_name": f"{case.id}.jpg",
        "label": case.label,
        "tier": "" if case.tier is None else str(case.tier),
        "id": case.id,
        "tags": case.tags,
        "group": case.shot,
        "ladder": case.ladder,
        "visibility_m": "" if visibility is None else f"{visibility:g}",
        "illuminance_lx": f"{case.lux or two_digits(scene.illuminance()):g}",
        "distance_m": "" if case.absent else f"{two_digits(scene.distance):g}",
        "occlusion": "" if case.absent else f"{plate.occlusion:.2f}",
        "source": SOURCE,
        "license": LICENSE,
        "notes": case.notes,
    }


def write_metadata(folder: Path, cases: list[Case], fresh: Mapping[str, dict[str, str]]) -> None:
    """Write metadata.csv in the order of the catalogue: the new rows, and the old ones of other cases.

    A case names its twin once the twin has a row.
    """
    path = folder / "metadata.csv"
    rows: dict[str, dict[str, str]] = {}
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            rows = {entry["id"]: entry for entry in csv.DictReader(file)}
    rows |= fresh
    twins = {case.twin_of: case.id for case in cases if case.id in rows and case.twin_of}
    columns = WITH_LADDER if any(case.ladder for case in cases) else COLUMNS
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[case.id] | {"twin": twins.get(case.id, "")} for case in cases if case.id in rows)
