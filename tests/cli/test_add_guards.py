"""`tierbench add` asks before it adds an unknown label or a new suite, and names what a prediction missed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Answer
from tests.flat_colours import flat

Call = Callable[..., Answer]


def test_a_label_that_neither_the_suite_nor_the_built_in_model_knows_needs_force(
    tierbench: Call, workplace: Path
) -> None:
    flat("green").save(workplace / "green.png")
    call = ("add", "green.png", "--suite", "colours", "--tier", "1", "--label")
    before = (workplace / "cases" / "colours" / "metadata.csv").read_bytes()
    for label in ("automobil", "red|automobil", "!automobil"):
        answer = tierbench(*call, label)
        assert answer.code == 4
        assert answer.err.startswith(
            "error: --label: neither the suite nor the built-in model knows 'automobil' (nearest labels: "
        )
    assert (workplace / "cases" / "colours" / "metadata.csv").read_bytes() == before
    assert tierbench(*call, "automobil", "--force").code == 0


def test_a_new_suite_must_be_asked_for(tierbench: Call, workplace: Path) -> None:
    flat("red").save(workplace / "car.png")
    call = ("add", "car.png", "--suite", "colour", "--label", "beagle", "--tier", "1")
    says = (
        "error: suite 'colour' does not exist; fix the name (did you mean 'colours'?), or create it with --new-suite\n"
    )
    assert tierbench(*call) == Answer(4, "", says)
    assert not (workplace / "cases" / "colour").exists()
    assert tierbench(*call, "--new-suite").code == 0
    # Settings alone make a suite.
    (workplace / "cases" / "set").mkdir()
    (workplace / "cases" / "set" / "suite.toml").touch()
    assert tierbench("add", "car.png", "--suite", "set", "--label", "beagle", "--tier", "1").code == 0


def test_every_missed_threshold_is_named(tierbench: Call, workplace: Path, colour_model: Path) -> None:
    thresholds = "[tiers.2]\nmin_score = 0.95\nmin_margin = 0.9\n"
    (workplace / "cases" / "colours" / "suite.toml").write_text(thresholds, encoding="utf-8")
    flat("red").save(workplace / "car.png")
    call = ("add", "car.png", "--suite", "colours", "--tier", "2", "--model", f"m={colour_model}", "--label")
    assert tierbench(*call, "automobile").out.splitlines()[0] == (
        "  m: misses min_score 0.95, with score 0.900 and min_margin 0.9, with margin 0.850 "
        "(automobile 0.900, airplane 0.050, ship 0.030)"
    )


def test_names_that_are_taken_for_splits_are_avoided(tierbench: Call, workplace: Path) -> None:
    for number, name in enumerate(("train.png", "test drive.png")):
        flat("red", (30, 20 + number)).save(workplace / name)
    call = ("--suite", "colours", "--label", "red", "--tier", "1")
    assert tierbench("add", "train.png", "test drive.png", *call).out.splitlines() == [
        "colours/trainpic added: tier 1, cases/colours/trainpic.png",
        "colours/testpic_drive added: tier 1, cases/colours/testpic_drive.png",
    ]
    # An id of one's own is kept.
    flat("blue").save(workplace / "b.png")
    assert tierbench("add", "b.png", *call, "--id", "val-1").out == (
        "colours/val-1 added: tier 1, cases/colours/valpic-1.png\n"
    )
    assert "imagefolder" not in tierbench("check").out


def test_what_a_killed_process_left_is_used_or_removed(tierbench: Call, workplace: Path) -> None:
    suite = workplace / "cases" / "colours"
    flat("green").save(workplace / "new.png")
    # Killed between the picture and the row, and while a file was written.
    shutil.copyfile(workplace / "new.png", suite / "new.png")
    (suite / ".tierbench-x1y2").write_bytes(b"half a pic")
    assert tierbench("add", "new.png", "--suite", "colours", "--label", "red", "--tier", "1").code == 0
    names = sorted(path.name for path in suite.iterdir())
    assert names == ["blue.png", "metadata.csv", "new.png", "red.png", "suite.toml"]
