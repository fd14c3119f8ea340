"""`[NAME=]KIND:PATH[@SPLIT][?OPTION=VALUE]`: what is parsed, and what is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.suites.datasets.layouts import opened, write_class_folders
from tierbench.common.errors import UserError
from tierbench.suites.datasets import SetSpec, parse_sets


@pytest.mark.parametrize(
    ("text", "name", "kind", "path", "split", "options"),
    [
        ("imagefolder:data/val", "val", "imagefolder", "data/val", "", {}),
        ("mine=imagefolder:data/Val/", "mine", "imagefolder", "data/Val/", "", {}),
        ("imagenet-c:C:/data/Image Net", "image-net", "imagenet-c", "C:/data/Image Net", "", {}),
        ("hub:org/name@test", "name", "hub", "org/name", "test", {}),
        (
            "hub:org/name@test?config=en&label=kind",
            "name",
            "hub",
            "org/name",
            "test",
            {"config": "en", "label": "kind"},
        ),
        ("a=parquet:x.parquet?image=a=b", "a", "parquet", "x.parquet", "", {"image": "a=b"}),
        ("webdataset:s-{000..003}.tar", "s-000-003", "webdataset", "s-{000..003}.tar", "", {}),
        ("a=webdataset:s-??.tar", "a", "webdataset", "s-??.tar", "", {}),
    ],
)
def test_a_spec_is_taken_apart(text: str, name: str, kind: str, path: str, split: str, options: dict[str, str]) -> None:
    spec = SetSpec.parse(text)
    assert (spec.name, spec.kind, spec.path, spec.split, spec.options) == (name, kind, path, split, options)


def test_an_at_sign_or_question_mark_in_an_existing_path_is_no_split_or_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("pictures@home", "pictures?labels=all"):
        write_class_folders(tmp_path / name)
        assert SetSpec.parse(f"a=imagefolder:{name}").path == name
        assert len(opened(f"a=imagefolder:{name}", tmp_path).samples) == 6


@pytest.mark.parametrize("text", ["", "imagefolder", "imagefolder:", ":x", "A=b=imagefolder:x", "hub:@test", "A:x"])
def test_what_has_not_the_form_is_one_line(text: str) -> None:
    with pytest.raises(UserError) as error:
        SetSpec.parse(text)
    (line,) = error.value.lines
    assert line.startswith("--robust-dataset ")
    assert "KIND:PATH" in line


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused_in_one_line(text: str) -> None:
    try:
        spec = SetSpec.parse(text)
    except UserError as error:
        (line,) = error.lines
        assert line.isprintable()
    else:
        assert SetSpec.parse(f"{spec.name}={spec.text}") == spec


def test_two_sets_of_one_name_are_refused_and_the_others_kept() -> None:
    problems: list[str] = []
    found = parse_sets(["imagefolder:a/val", "imagefolder:b/val", "bad", "imagefolder:c"], problems)
    assert [spec.name for spec in found] == ["val", "c"]
    assert len(problems) == 2
    assert "two sets are named 'val'" in problems[0]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("imagefolders:x", "did you mean 'imagefolder'?"),
        ("imagefolder:x?label=y", "there is no option 'label'; did you mean 'labels'?"),
        ("imagefolder:x?labels=some", "labels must be all or present, not 'some'"),
        ("imagefolder:missing", "there is no folder"),
        ("webdataset:x@test", "have no splits"),
    ],
)
def test_a_set_that_cannot_be_opened_is_one_line(tmp_path: Path, text: str, part: str) -> None:
    write_class_folders(tmp_path / "x")
    with pytest.raises(UserError) as error:
        opened(text, tmp_path)
    (line,) = error.value.lines
    assert line.startswith(f"data set '{text}': ")
    assert part in line
