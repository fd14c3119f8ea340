import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Answer
from tests.flat_colours import flat

Call = Callable[..., Answer]


def test_a_good_suite_has_no_problem(tierbench: Call) -> None:
    answer = tierbench("check")
    assert answer == Answer(0, "colours: 2 cases, no problem\n", "")


def test_check_reports_all_problems_at_once_with_file_and_row(tierbench: Call, workplace: Path) -> None:
    suite = workplace / "cases" / "colours"
    (suite / "red.png").write_bytes((suite / "red.png").read_bytes()[:40])
    (suite / "metadata.csv").write_text(
        "file_name,label,tier\nred.png,red,1\nblue.png,blue,hard\ngreen.png,green,2\n", encoding="utf-8"
    )
    answer = tierbench("check", "colours")
    assert answer.code == 1
    assert "cases/colours/metadata.csv:3: tier 'hard' is not an integer ≥ 1" in answer.out
    assert "cases/colours/metadata.csv:4: image 'green.png' is missing" in answer.out
    assert "cases/colours/metadata.csv:2: image 'red.png'" in answer.out
    assert "colours: 2 cases, 3 problems" in answer.out


def test_check_with_a_model_finds_label_gaps(tierbench: Call) -> None:
    answer = tierbench("check", "colours", "--model", "reference")
    assert answer.code == 1
    assert "no label of model 'reference' counts as 'red'" in answer.out


def test_an_unknown_suite_is_reported_in_one_line_with_the_nearest_name(tierbench: Call) -> None:
    answer = tierbench("check", "colors")
    assert answer.code == 4
    assert answer.err.splitlines() == [
        "error: suite 'colors': no folder of this name has a metadata.csv; did you mean 'colours'?"
    ]


def test_list_prints_the_suites_or_the_cases_of_one_suite(tierbench: Call) -> None:
    assert tierbench("list").out == ("colours: 1 in tier 1, 1 in tier 2\n  Two colours.\n  tags: cold, warm\n")
    assert "  red   tier 1  red  (warm)\n  blue  tier 2  blue  (cold)\n" in tierbench("list", "cases/colours").out


def test_a_character_that_the_encoding_lacks_is_escaped(workplace: Path) -> None:
    (workplace / "cases" / "colours" / "metadata.csv").write_text(
        "file_name,label,tier\nred.png,red,x\n", encoding="utf-8"
    )
    answer = subprocess.run(
        [sys.executable, "-m", "tierbench", "check"],
        cwd=workplace,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )
    assert answer.returncode == 1
    assert b"tier 'x' is not an integer \\u2265 1" in answer.stdout
    assert b"Traceback" not in answer.stderr


def test_check_warns_of_pictures_of_one_colour(tierbench: Call, workplace: Path) -> None:
    flat("black").save(workplace / "cases" / "colours" / "red.png")
    assert tierbench("check") == Answer(
        0,
        "warning: cases/colours/metadata.csv:2: image 'red.png' has one colour only, (0, 0, 0); look at it, "
        "or replace it\ncolours: 2 cases, no problem, 1 warning\n",
        "",
    )


def test_check_warns_of_names_that_are_taken_for_splits(tierbench: Call, workplace: Path) -> None:
    suite = workplace / "cases" / "colours"
    (suite / "val").mkdir()
    (suite / "red.png").rename(suite / "val" / "red.png")
    (suite / "blue.png").rename(suite / "test drive.png")
    rows = "file_name,label,tier,id\nval/red.png,red,1,red\ntest drive.png,blue,1,blue\n"
    (suite / "metadata.csv").write_text(rows, encoding="utf-8")
    answer = tierbench("check")
    assert answer.code == 0
    assert answer.out.splitlines()[0] == (
        'warning: cases/colours: test drive.png, val/red.png: load_dataset("imagefolder") takes test, val in a name '
        "for a split, and drops all other pictures and all labels; rename it"
    )


def test_a_pointer_of_git_lfs_is_named_before_its_hash(tierbench: Call, workplace: Path) -> None:
    suite = workplace / "cases" / "colours"
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    (suite / "red.png").write_text(pointer, encoding="utf-8")
    says = "image 'red.png'{} a pointer of Git LFS, not the image; run `git lfs pull`\n"
    assert says.format(": the file is") in tierbench("check").out
    rows = "file_name,label,tier,sha256\nred.png,red,1," + "0" * 64 + "\nblue.png,blue,1,\n"
    (suite / "metadata.csv").write_text(rows, encoding="utf-8")
    assert says.format(" is") in tierbench("check").out


def test_a_misspelt_label_is_named_although_others_match(tierbench: Call, workplace: Path, colour_model: Path) -> None:
    suite = workplace / "cases" / "colours"
    (suite / "suite.toml").write_text('[labels]\nred = [\n    "truck",\n    "atuomobile",\n    "car"\n]\n', "utf-8")
    (suite / "metadata.csv").write_text("file_name,label,tier\nred.png,red,1\n", encoding="utf-8")
    answer = tierbench("check", "--model", f"colour={colour_model}")
    assert answer.code == 1
    place, model = "cases/colours/suite.toml:{}: [labels] red: ", "no label of model 'colour' is "
    assert place.format(4) + model + "'atuomobile'; write 'automobile', or remove it" in answer.out.splitlines()
    # A label of another model is no problem.
    assert f"warning: {place.format(5)}no model has the label 'car' (" in answer.out


def test_pictures_of_more_pixels_can_be_allowed(
    tierbench: Call, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    says = "image 'red.png': the image has too many pixels (32 × 24, the limit is 500); "
    assert (
        says + "if it is one that you trust, allow it with --robust-max-pixels=768, or save it smaller\n"
        in tierbench("check").out
    )
    flat("green").save(workplace / "green.png")
    add = ("add", "green.png", "--suite", "colours", "--label", "red", "--tier", "1")
    for limit in ("500", "1000"):  # above twice the limit, Pillow refuses it by itself
        assert (
            "allow it with --robust-max-pixels=1280, or save it smaller; nothing was"
            in tierbench(*add, "--max-pixels", limit).err
        )
    (workplace / "pytest.ini").write_text("[pytest]\nrobust_max_pixels = 1280\n", encoding="utf-8")
    assert tierbench("check").code == 0
    assert tierbench(*add).code == 0
    (workplace / "pytest.ini").write_text("[pytest]\nrobust_max_pixels = many\n", encoding="utf-8")
    assert (
        tierbench("check").err == "error: robust_max_pixels of pytest.ini: 'many' is not a whole number of 1 or more\n"
    )
    assert tierbench("check", "--max-pixels", "1280").code == 0


def test_a_link_in_a_circle_and_one_out_of_the_suite_are_reported_once(tierbench: Call, workplace: Path) -> None:
    suite = workplace / "cases" / "colours"
    (suite / "circle.png").symlink_to("circle.png")
    flat("red").save(workplace / "secret.png")
    (suite / "out.png").symlink_to(workplace / "secret.png")
    rows = (suite / "metadata.csv").read_text(encoding="utf-8")
    (suite / "metadata.csv").write_text(f"{rows}circle.png,red,1,\nout.png,red,1,\n", encoding="utf-8")
    answer = tierbench("check")
    assert answer.code == 1
    for name in ("circle.png", "out.png"):
        assert len([line for line in answer.out.splitlines() if name in line]) == 1


def test_check_uses_the_model_that_pytest_would_use(
    tierbench: Call, workplace: Path, colour_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = workplace / "cases" / "colours"
    # The repository's own model, of which nothing is known before pytest runs.
    assert tierbench("check").code == 0
    (workplace / "cases" / "conftest.py").unlink()
    built_in = tierbench("check")
    assert built_in.code == 1
    assert "no label of model 'reference' counts as 'red'" in built_in.out
    # A label of another model than the built-in one, which nobody named, is worth no warning.
    (suite / "suite.toml").write_text('[labels]\nred = ["n02958343", "car"]\nblue = ["ship", "liner"]\n', "utf-8")
    assert tierbench("check") == Answer(0, "colours: 2 cases, no problem\n", "")
    (workplace / "pytest.ini").write_text(f"[pytest]\nrobust_model = colour={colour_model}\n", encoding="utf-8")
    (suite / "suite.toml").write_text('[labels]\nblue = ["ship"]\n', encoding="utf-8")
    assert "no label of model 'colour' counts as 'red'" in tierbench("check").out
    with (workplace / "pytest.ini").open("a", encoding="utf-8") as ini:
        ini.write(f"addopts = -q --robust-model other={colour_model} --robust-missing-labels=error\n")
    assert "no label of model 'other' counts as 'red'" in tierbench("check").out
    with (workplace / "pytest.ini").open("a", encoding="utf-8") as ini:
        ini.write(" --robust-missing-labels=skip\n")
    assert tierbench("check").code == 0
    # A model that is named must know all labels.
    assert tierbench("check", "--model", str(colour_model)).code == 1


def test_labels_are_not_checked_without_any_model(
    tierbench: Call, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workplace / "cases" / "conftest.py").unlink()
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if "lite0" in name else find_spec(name, *rest)
    )
    assert tierbench("check").code == 0
