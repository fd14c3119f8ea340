import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import skimage
from PIL import Image

from tests.cli.conftest import Answer
from tests.flat_colours import flat
from tests.several import SHIP
from tierbench.suites import read_suites

Call = Callable[..., Answer]
COFFEE = Path(skimage.__file__).parent / "data" / "coffee.png"


def test_add_copies_the_image_and_appends_a_valid_row(tierbench: Call, workplace: Path) -> None:
    Image.new("RGB", (8, 8), "green").save(workplace / "Ein Grün.PNG")
    answer = tierbench(
        "add",
        *("Ein Grün.PNG", "--suite", "colours", "--label", "green|lime", "--tier", "3", "--tags", "cold odd"),
        "--force",
    )
    assert answer == Answer(0, "colours/ein_gr_n added: tier 3, cases/colours/ein_gr_n.png\n", "")
    suites, problems = read_suites([workplace / "cases"])
    assert problems == []
    case = suites[0].cases[-1]
    assert case.sha256 == hashlib.sha256((workplace / "Ein Grün.PNG").read_bytes()).hexdigest()
    assert (case.id, case.expected, case.tier, case.tags) == ("ein_gr_n", ("green", "lime"), 3, ("cold", "odd"))
    # The old rows are unchanged, except for empty cells in the new columns.
    assert suites[0].cases[0].tags == ("warm",)


def test_add_creates_a_suite_and_proposes_the_tier_from_the_models(tierbench: Call, workplace: Path) -> None:
    new = ("--new-suite", "--model", "reference")
    answer = tierbench("add", str(COFFEE), "--suite", "new", "--label", "espresso", *new)
    assert answer.code == 0
    assert "reference: passes (espresso 0.9" in answer.out
    assert "proposed: tier 1, 0 of 1 model missed it" in answer.out
    assert "new/coffee added: tier 1" in answer.out
    again = tierbench("add", str(COFFEE), "--suite", "other", "--label", "tabby", *new)
    assert "reference: misses max_rank 1, with rank " in again.out
    assert "other/coffee added: tier 2" in again.out


def test_the_same_image_twice_is_refused(tierbench: Call) -> None:
    answer = tierbench("add", "cases/colours/red.png", "--suite", "colours", "--label", "red", "--tier", "1")
    assert answer.code == 4
    assert "is already in the suite, as colours/red" in answer.err


def test_an_invalid_row_changes_nothing(tierbench: Call, workplace: Path) -> None:
    Image.new("RGB", (8, 8), "green").save(workplace / "green.png")
    metadata = workplace / "cases" / "colours" / "metadata.csv"
    before = metadata.read_bytes()
    answer = tierbench(
        "add", "green.png", "--suite", "colours", "--label", "red", "--tier", "1", "--tags", "parametrize"
    )
    assert answer.code == 4
    assert "tag 'parametrize' cannot be a marker: it is a marker of pytest or of a plugin" in answer.err
    assert metadata.read_bytes() == before
    assert not (metadata.parent / "green.png").exists()


def test_a_file_that_is_not_a_picture_is_not_added(tierbench: Call, workplace: Path) -> None:
    (workplace / "page.png").write_text("<html>", encoding="utf-8")
    answer = tierbench("add", "page.png", "--suite", "colours", "--label", "page", "--tier", "1")
    assert answer.code == 4
    assert "the file is a web page, not an image; download the image itself; nothing was added" in answer.err


def test_a_tier_is_proposed_from_how_many_models_miss(
    tierbench: Call, workplace: Path, colour_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One model knows colours, the other one always predicts "ship". Its module stays imported, so that its name must
    # not be used in other tests.
    monkeypatch.setattr("sys.path", [*sys.path])
    (workplace / "ships_to_add.py").write_text(SHIP, encoding="utf-8")
    models = ("--model", f"colour={colour_model}", "--model", "ship=python:ships_to_add:make")
    for name in ("red", "green", "grey"):
        flat(name).save(workplace / f"{name}.png")
    new = ("--suite", "new", "--new-suite")
    one = tierbench("add", "red.png", *new, "--label", "automobile", *models)
    assert one.code == 0
    assert one.out.splitlines() == [
        "  colour: passes (automobile 0.900, airplane 0.050, ship 0.030)",
        "  ship: misses max_rank 1, with rank 2 (ship 0.800, automobile 0.200, airplane 0.000)",
        "  proposed: tier 2, 1 of 2 models missed it",
        "new/red added: tier 2, cases/new/red.png",
    ]
    both = tierbench("add", "green.png", "grey.png", *new, "--label", "airplane", *models)
    assert both.out.count("proposed: tier 3, 2 of 2 models missed it") == 2
    assert both.out.splitlines()[0] == "green.png"


def test_the_repositorys_own_model_and_its_labels_are_the_default(
    tierbench: Call, workplace: Path, colour_model: Path
) -> None:
    shutil.copytree(colour_model, workplace / "mine")
    config = json.loads((workplace / "mine" / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = {index: f"LABEL_{index}" for index in range(4)}
    (workplace / "mine" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (workplace / "names.txt").write_text("plane\ncar\nship\ntruck\n", encoding="utf-8")
    flat("red").save(workplace / "red.png")
    (workplace / "pytest.ini").write_text("[pytest]\nrobust_model =\n    mine\n", encoding="utf-8")
    # A suite without metadata.csv; its settings determine which labels count.
    (workplace / "cases" / "new").mkdir()
    (workplace / "cases" / "new" / "suite.toml").write_text('[labels]\nvehicle = ["car", "truck"]\n', encoding="utf-8")
    call = ("add", "red.png", "--suite", "new", "--label", "vehicle")
    nameless = tierbench(*call)
    assert nameless.code == 4
    assert "which no suite can expect" in nameless.err
    assert "--labels" in nameless.err
    named = tierbench(*call, "--model", "mine", "--labels", "names.txt")
    assert "mine: passes (car 0.900" in named.out
    (workplace / "cases" / "new" / "metadata.csv").unlink()
    (workplace / "cases" / "new" / "red.png").unlink()
    with (workplace / "pytest.ini").open("a", encoding="utf-8") as ini:
        ini.write("robust_labels = names.txt\n")
    answer = tierbench(*call)
    assert answer.code == 0
    assert "mine: passes (car 0.900, plane 0.050" in answer.out
    assert "new/red added: tier 1" in answer.out
    assert tierbench("check", "new").code == 0
    card = tierbench("model", "mine", "--labels", "names.txt")
    assert "labels        4: plane; car; ship; truck" in card.out


def test_the_tier_is_required_if_the_model_has_no_such_label(
    tierbench: Call, workplace: Path, colour_model: Path
) -> None:
    flat("red").save(workplace / "red.png")
    call = ("add", "red.png", "--suite", "new", "--label", "beetle", "--model", str(colour_model), "--new-suite")
    for unsure in (call, (*call, "--tier", "1")):
        assert tierbench(*unsure) == Answer(
            4,
            "",
            "error: --label: no model knows 'beetle' (its labels: airplane, automobile, ship, truck); fix it, "
            "name its labels in [labels] of suite.toml, or add it as it is with --force\n",
        )
    answer = tierbench(*call, "--force")
    assert answer.code == 4
    assert "no label of model 'colour-model' counts as 'beetle'" in answer.err
    assert not (workplace / "cases" / "new" / "metadata.csv").exists()
    with_tier = tierbench(*call, "--tier", "1", "--force")
    assert with_tier.code == 0
    assert "model: no label of the model counts as beetle" in with_tier.out


def test_no_image_is_added_if_one_of_them_cannot_be(tierbench: Call, workplace: Path) -> None:
    flat("red").save(workplace / "good.png")
    shutil.copyfile(workplace / "good.png", workplace / "twin.png")
    (workplace / "bad.png").write_text("no", encoding="utf-8")
    before = (workplace / "cases" / "colours" / "metadata.csv").read_bytes()
    answer = tierbench("add", "good.png", "twin.png", "bad.png", "--suite", "colours", "--label", "red", "--tier", "1")
    assert answer.code == 4
    assert answer.err.splitlines() == [
        "error: bad.png: the file is not an image that Pillow can read; nothing was added",
        "error: twin.png: is the same file as good.png; nothing was added",
    ]
    assert (workplace / "cases" / "colours" / "metadata.csv").read_bytes() == before


def test_check_reports_a_picture_that_changed_after_it_was_added(tierbench: Call, workplace: Path) -> None:
    flat("red").save(workplace / "red.png")
    assert tierbench("add", "red.png", "--suite", "new", "--new-suite", "--label", "beagle", "--tier", "1").code == 0
    flat("blue").save(workplace / "cases" / "new" / "red.png")
    answer = tierbench("check", "new")
    assert answer.code == 1
    assert "put the old file back, or empty the row's sha256" in answer.out


@pytest.mark.parametrize(
    "arguments",
    [("--tags", "xfail"), ("--id", "../evil"), ("--id", "Up"), ("--label", "x\udcfe"), ("--label", "a||b")],
)
def test_a_rejected_case_leaves_everything_unchanged(
    tierbench: Call, workplace: Path, arguments: tuple[str, ...]
) -> None:
    metadata = workplace / "cases" / "colours" / "metadata.csv"
    metadata.write_bytes(b"\xef\xbb\xbf" + metadata.read_bytes().replace(b"\n", b"\r\n"))
    flat("green").save(workplace / "green.png")
    before = {path: path.read_bytes() for path in workplace.rglob("*") if path.is_file()}
    call = ["add", "green.png", "--label", "green", "--tier", "1", "--force", *arguments]
    assert tierbench(*call, "--suite", "colours").code == 4
    assert tierbench(*call, "--suite", "cases/new/one", "--new-suite").code == 4
    assert {path: path.read_bytes() for path in workplace.rglob("*") if path.is_file()} == before
    assert not (workplace / "cases" / "new").exists()


def test_byte_order_mark_and_line_ends_of_a_suite_are_kept(tierbench: Call, workplace: Path) -> None:
    metadata = workplace / "cases" / "colours" / "metadata.csv"
    metadata.write_bytes(b"\xef\xbb\xbf" + metadata.read_bytes().replace(b"\n", b"\r\n"))
    flat("green").save(workplace / "green.png")
    assert tierbench("add", "green.png", "--suite", "colours", "--label", "red", "--tier", "1").code == 0
    data = metadata.read_bytes()
    assert data.startswith(b"\xef\xbb\xbffile_name,label,tier,tags,id,sha256\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == 4


@pytest.mark.slow
def test_cases_added_concurrently_are_all_kept(tierbench: Call, workplace: Path) -> None:
    commands = []
    for number in range(5):
        flat("red", (30 + number, 20)).save(workplace / f"red{number}.png")
        call = ["add", f"red{number}.png", "--suite", "colours", "--label", "red", "--tier", "1"]
        commands.append([sys.executable, "-m", "tierbench", *call])
    running = [subprocess.Popen(command, cwd=workplace, stdout=subprocess.PIPE) for command in commands]
    for process in running:
        process.communicate(timeout=60)
    assert [process.returncode for process in running] == [0] * 5
    suites, problems = read_suites([workplace / "cases"])
    assert problems == []
    assert len(suites[0].cases) == 2 + 5


def test_a_suite_must_have_a_name_that_pytest_can_select(tierbench: Call, workplace: Path) -> None:
    flat("green").save(workplace / "green.png")
    answer = tierbench("add", "green.png", "--new-suite", "--suite", "my suite", "--label", "green", "--tier", "1")
    assert answer.code == 4
    assert "name a suite with letters, digits, _ and - only" in answer.err
    # An existing suite with such a name does not hide the problems of others.
    shutil.copytree(workplace / "cases" / "colours", workplace / "cases" / "my suite")
    (workplace / "cases" / "colours" / "red.png").unlink()
    checked = tierbench("check")
    assert checked.code == 1
    assert "cases/my suite: the name of a suite folder may contain only letters, digits, _ and -" in checked.out
    assert "image 'red.png' is missing" in checked.out


def test_a_pipe_is_not_a_picture_and_an_error_is_not_a_miss(tierbench: Call, workplace: Path) -> None:
    os.mkfifo(workplace / "pipe.png")
    answer = tierbench("add", "pipe.png", "--suite", "colours", "--label", "red", "--tier", "1")
    assert answer.code == 4
    assert "pipe.png: is not a file; nothing was added" in answer.err
    (workplace / "nan_to_add.py").write_text(SHIP.replace("0.8", "float('nan')"), encoding="utf-8")
    flat("green").save(workplace / "green.png")
    answer = tierbench(
        "add", "green.png", "--suite", "new", "--new-suite", "--label", "ship", "--model", "python:nan_to_add:make"
    )
    assert answer.code == 4
    assert "make: the model's output contains NaN or infinity" in answer.out
    assert "set the tier with --tier" in answer.err


def test_a_twin_is_added_without_a_tier_and_named_by_its_case(tierbench: Call, workplace: Path) -> None:
    for name, colour in (("road", "grey"), ("car", "orange"), ("sea", "black")):
        flat(colour).save(workplace / f"{name}.png")
    answer = tierbench("add", "road.png", "--suite", "colours", "--label", "-")
    assert answer == Answer(0, "colours/road added: a twin, cases/colours/road.png\n", "")
    assert "cases/colours/metadata.csv:4: no case names 'road', which has the label -" in tierbench("check").out
    row = ("--suite", "colours", "--label", "orange", "--tier", "2", "--twin", "road")
    assert tierbench("add", "car.png", *row).out == "colours/car added: tier 2, cases/colours/car.png\n"
    assert tierbench("add", "sea.png", "--suite", "colours", "--label", "!red", "--tier", "1").code == 0
    assert tierbench("check").out.endswith("\ncolours: 4 cases, no problem, 3 warnings\n")  # each of one colour
    (suite,), problems = read_suites([workplace / "cases"])
    assert problems == []
    assert [(case.id, case.twin, case.label) for case in suite.images] == [
        ("red", "", "red"),
        ("blue", "", "blue"),
        ("car", "road", "orange"),
        ("sea", "", "!red"),
        ("road", "", "-"),
    ]
    listed = tierbench("list", "colours").out.splitlines()
    assert listed[0] == "colours: 1 in tier 1, 2 in tier 2, 1 absence case"
    assert listed[-2:] == ["  sea   tier 1  no red", "  road  twin"]


def test_what_does_not_fit_a_twin_or_an_absence_is_refused(tierbench: Call, workplace: Path) -> None:
    flat("grey").save(workplace / "road.png")
    before = (workplace / "cases" / "colours" / "metadata.csv").read_bytes()
    for arguments, says in (
        (("--label", "-", "--tier", "1"), "error: --tier: a twin (--label -) has no tier; leave it out"),
        (("--label", "!a|b", "--tier", "1"), "error: --label: label '!a|b' combines an absence with alternatives; "),
        (
            ("--label", "red", "--tier", "1", "--twin", "blue"),
            "error: cases/colours/metadata.csv:4: twin 'blue'",
        ),
    ):
        answer = tierbench("add", "road.png", "--suite", "colours", *arguments)
        assert answer.code == 4
        assert answer.err.startswith(says)
    assert (workplace / "cases" / "colours" / "metadata.csv").read_bytes() == before
