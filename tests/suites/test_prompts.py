"""`[prompts]` of suite.toml: the texts for zero-shot models, and one line for each problem with them."""

from __future__ import annotations

import pytest

from tests.conftest import SuiteWriter
from tierbench.suites import read_suites
from tierbench.suites.prompts import Prompts

ROWS = "file_name,label,tier\nred.png,automobile,1\nblue.png,!ship,1\n"


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        ("prompts = 3", "'prompts' must be a table (1 value found); write [prompts]"),
        ("[prompts]\ntemplate = 'a {}'", "unknown [prompts] key 'template'; did you mean 'templates'?"),
        *(
            (f"[prompts]\ntemplates = {value}", "[prompts] templates must be a list of texts; write templates = [")
            for value in ("[]", "3", "['']", "[3]", "' '")
        ),
        (
            "[prompts]\ntemplates = ['a {}', 'a photo']",
            "[prompts] the template 'a photo' has no place for the concept; write {} there",
        ),
        ("[prompts]\nconcepts = 3", "[prompts] concepts must be a table; write [prompts.concepts]"),
        *(
            (
                f"[prompts.concepts]\nautomobile = {value}",
                "[prompts.concepts] automobile: must be a list of texts; write automobile = [",
            )
            for value in ("[]", "3", "['']", "{}")
        ),
        (
            "[prompts.concepts]\nautomobile = ['a photo of a {}.']",
            "[prompts.concepts] automobile: 'a photo of a {}.' is a template, and a concept has whole texts; "
            "write it out, or move it to templates",
        ),
        ("[prompts.concepts]\n'!ship' = ['a']", "[prompts.concepts] '!ship' is not a valid concept; it must not be"),
        (
            "[prompts.concepts]\nautomobil = ['a car']",
            "[prompts.concepts] 'automobil' is no concept of the suite; did you mean 'automobile'?",
        ),
    ],
)
def test_a_problem_is_one_line(suite: SuiteWriter, toml: str, line: str) -> None:
    folder = suite(ROWS, toml)
    _, problems = read_suites([folder])
    assert len(problems) == 1, problems
    assert problems[0].partition("suite.toml: ")[2].startswith(line)


def test_the_concepts_are_those_of_labels_cases_and_prompts(suite: SuiteWriter) -> None:
    toml = (
        '[labels]\ntruck = "lorry"\n'
        '[prompts]\ntemplates = "a photo of a {}."\n[prompts.concepts]\nship = "a boat"\nhouse = ["a house", "a hut"]\n'
    )
    (read,), problems = read_suites([suite(ROWS, toml)])
    assert problems == []
    assert read.prompted_concepts == ("truck", "automobile", "ship", "house")
    assert [read.prompts.texts(name, ("unused {}",)) for name in read.prompted_concepts] == [
        ("a photo of a truck.",),
        ("a photo of a automobile.",),
        ("a boat",),
        ("a house", "a hut"),
    ]


def test_without_prompts_the_templates_are_those_of_the_model(suite: SuiteWriter) -> None:
    (read,), problems = read_suites([suite(ROWS)])
    assert problems == []
    assert read.prompted_concepts == ("automobile", "ship")
    assert read.prompts.texts("ship", ("This is a {}.",)) == ("This is a ship.",)


def test_other_braces_are_part_of_the_text() -> None:
    prompts = Prompts(("{x} {} {label}", "{x} {} {label}"))
    assert prompts.texts("a {}", ()) == ("{x} a {} a {}",)


def test_a_model_is_asked_for_the_name_of_a_wordnet_id() -> None:
    assert Prompts().texts("n02958343", ["a photo of a {}."]) == ("a photo of a car.",)
    assert Prompts(concepts={"n02958343": ("a vehicle",)}).texts("n02958343", ["{}"]) == ("a vehicle",)
