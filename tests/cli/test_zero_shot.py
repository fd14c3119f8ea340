"""The commands with a zero-shot model, whose labels are the concepts of each suite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Answer
from tests.flat_colours import flat
from tests.zero_shot_models import save_zero_shot

Call = Callable[..., Answer]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_zero_shot(tmp_path_factory.mktemp("zero-shot") / "clip"))


def test_model_says_that_its_labels_are_those_of_the_suite(tierbench: Call, clip: str) -> None:
    lines = tierbench("model", clip).out.splitlines()
    assert "architecture  CLIPModel" in lines
    assert "outputs       softmax" in lines
    assert "labels        the concepts of each suite" in lines
    assert "templates     This is a photo of {}." in lines


def test_check_needs_a_second_concept_and_no_labels(tierbench: Call, workplace: Path, clip: str) -> None:
    suite = workplace / "cases" / "colours"
    (suite / "suite.toml").write_text('[labels]\nred = ["sports car"]\n', encoding="utf-8")
    assert tierbench("check", "--model", clip).out == "colours: 2 cases, no problem\n"
    (suite / "metadata.csv").write_text("file_name,label,tier\nred.png,red,1\nblue.png,!red,1\n", encoding="utf-8")
    answer = tierbench("check", "--model", f"mine={clip}")
    assert answer.code == 1
    assert answer.out.startswith("suite 'colours': its only concept is 'red', and the zero-shot model 'mine' would see")
    (suite / "suite.toml").write_text('[prompts.concepts]\nnothing = ["a wall"]\n', encoding="utf-8")
    assert tierbench("check", "--model", clip).code == 0


def test_add_takes_any_label_and_shows_all_concepts(tierbench: Call, workplace: Path, clip: str) -> None:
    flat("green").save(workplace / "green.png")
    answer = tierbench("add", "green.png", "--suite", "colours", "--label", "green", "--model", f"clip={clip}")
    assert answer.code == 0, answer.err
    assert all(f"{name} 0." in answer.out for name in ("red", "blue", "green"))
    assert "proposed: tier " in answer.out


def test_the_first_concept_of_a_suite_needs_a_tier(tierbench: Call, workplace: Path, clip: str) -> None:
    flat("green").save(workplace / "green.png")
    new = ("add", "green.png", "--suite", "new", "--new-suite", "--label", "green", "--model", f"clip={clip}")
    answer = tierbench(*new)
    assert answer.code == 4
    assert answer.err.startswith(
        "error: suite 'new': its only concept is 'green', and the zero-shot model 'clip' would see"
    )
    assert answer.err.endswith("or set the tier with --tier\n")
    assert tierbench(*new, "--tier", "1").code == 0
