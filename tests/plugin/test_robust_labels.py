"""`--robust-labels [NAME=]FILE` and its ini key: names for the classes of a model that has none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.flat_colours import LABELS


@pytest.fixture
def nameless(study: Bench) -> Bench:
    """The repository's model knows its classes only as LABEL_0 to LABEL_3."""
    folder = study.path / "nameless"
    shutil.copytree(study.model, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = {str(index): f"LABEL_{index}" for index in range(4)}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    study.configure(robust_model=["nameless"])
    study.file("names.txt", "\n".join([*LABELS, "", ""]))
    return study


def test_a_model_without_names_is_refused_with_the_way_to_name_them(nameless: Bench) -> None:
    answer = nameless.run()
    assert answer.code == 4
    (line,) = answer.errors
    assert "its labels are only LABEL_0 to LABEL_3" in line
    assert "or one per line into a file for --robust-labels [NAME=]FILE" in line


def test_names_from_a_file_make_it_run(nameless: Bench) -> None:
    answer = nameless.run("--robust-labels", "names.txt", "-m", "tier1")
    assert answer.code == 0
    named = nameless.record().run.models[0].fingerprint
    nameless.configure(robust_model=["nameless"], robust_labels=["names.txt"])
    assert nameless.run("-m", "tier1").code == 0
    assert nameless.record().run.models[0].fingerprint == named
    # Other names are another model: nothing that was kept of the first may be taken for it.
    nameless.file("names.txt", "\n".join(reversed(LABELS)))
    answer = nameless.run("-m", "tier1")
    assert answer.code == 1
    assert "0 of 3 predictions cached" in answer.text
    assert nameless.record().run.models[0].fingerprint != named


def test_with_several_models_the_name_says_whose(nameless: Bench) -> None:
    models = ("--robust-model", "a=nameless", "--robust-model", f"b={nameless.model}")
    assert nameless.run(*models, "--robust-labels", "a=names.txt", "-m", "tier1").code == 0
    answer = nameless.run(*models, "--robust-labels", "names.txt", "--robust-labels", "c=names.txt")
    assert answer.code == 4
    assert answer.errors[:2] == [
        "--robust-labels 'names.txt' must say which of 2 models it is for; write NAME=FILE",
        "--robust-labels 'c=names.txt': no model is named 'c'; known: a, b",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "labels names.txt: cannot be read (No such file or directory); write one label per line"),
        (b"", "labels names.txt: has no label; write one label per line"),
        (b"a\n\nb\nc\n", "labels names.txt: line 2 is empty; write one label per line, without gaps"),
        (b"a\nb\nc\n", "model 'nameless': has 4 classes, but its label file has 3; write one label per line"),
        (b"\xff\xfe", "labels names.txt: is not UTF-8 (invalid start byte at byte 0); save it as UTF-8"),
    ],
    ids=["missing", "empty", "gap", "too few", "not UTF-8"],
)
def test_a_file_that_names_no_labels_is_one_line(nameless: Bench, content: bytes | None, said: str) -> None:
    file: Path = nameless.path / "names.txt"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    answer = nameless.run("--robust-labels", "names.txt")
    assert answer.code == 4
    assert answer.errors == [said]


def test_a_factory_names_its_labels_itself(nameless: Bench) -> None:
    answer = nameless.run("--robust-model", "python:mine:make", "--robust-labels", "names.txt")
    assert answer.errors == [
        "model 'python:mine:make': the factory defines the labels; leave out --robust-labels (tierbench: --labels)"
    ]
