"""--robust-reference NAME: the other models of a run are held against one of them, by `test_against`."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from typer.testing import CliRunner

from tests.conftest import Bench
from tests.garage import GARAGE
from tests.plugin.test_selection import counts
from tierbench.cli import app

# Models that see the colours of things, except those that they are blind to.
FLEET = """
import numpy as np

class Eyes:
    colours = {"automobile": (230, 20, 20), "truck": (20, 200, 40), "ship": (20, 40, 220)}

    def __init__(self, *blind, labels=("automobile", "truck", "ship")):
        self.blind, self.labels = blind, labels
        self.fingerprint = f"eyes {blind} {labels}"

    def describe(self):
        return {"architecture": "Eyes"}

    def predict(self, images):
        return np.array([self.say(image.getpixel((0, 0))) for image in images], dtype=np.float32)

    def say(self, pixel):
        seen = next((name for name, colour in self.colours.items() if colour == pixel), "")
        others = [name for name in self.labels if name != seen]
        said = others[0] if seen in self.blind or seen not in self.labels else seen
        return [0.8 if name == said else 0.2 / (len(self.labels) - 1) for name in self.labels]

def good(): return Eyes()
def blind(): return Eyes("automobile", "truck")
def dim(): return Eyes("ship")
def moody():
    eyes = Eyes()
    eyes.fingerprint = "moody"
    plain = eyes.say
    def say(pixel):
        return [float("nan")] * 3 if pixel == eyes.colours["ship"] else plain(pixel)
    eyes.say = say
    return eyes

def landlubber(): return Eyes("truck", labels=("automobile", "truck"))
"""
GOOD, BLIND = "--robust-model=good=python:fleet:good", "--robust-model=blind=python:fleet:blind"
DIM = "--robust-model=dim=python:fleet:dim"
AGAINST_GOOD = (GOOD, BLIND, "--robust-reference=good")


@pytest.fixture
def fleet(bench: Bench) -> Bench:
    """Eight pictures of tier 1 in groups of their own, six of which only `good` recognises; tier 2 both see alike."""
    bench.file("fleet.py", FLEET)
    bench.suite("garage", GARAGE)
    bench.configure(robust_model=None)
    return bench


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "workers"])
def test_a_model_that_lost_against_the_reference_is_red(fleet: Bench, workers: tuple[str, ...]) -> None:
    answer = fleet.run(*AGAINST_GOOD, "-m", "regression", *workers)
    assert answer.code == 1
    # Only the tests of the other model are there; tier 2 is as before.
    assert counts(answer.text) == {"failed": 2, "passed": 1}
    assert "blind against good: garage tier 1: regressed: lost 6 of 8 groups (green_1, green_2, green_3, red_1 and" in (
        answer.text
    )
    lines = answer.text.splitlines()
    start = lines.index(
        "blind against good (the reference model): of 9 cases, 6 pass only under good and 0 only under blind"
    )
    assert lines[start + 1].startswith("  all suites: regressed: lost 6 of 9 groups (garage/green_1, ")
    assert lines[start + 2].startswith("  garage tier 1: regressed: lost 6 of 8 groups")
    assert lines[start + 3] == (
        "  garage tier 2: unchanged: both models predict the same of every case (1 case, 1 group)"
    )
    assert lines[start + 4] == ("  only good passes garage/green_1 [tier 1]: truck 0.800 → 0.100, blind saw automobile")
    (comparison,) = fleet.record().run.references
    assert (comparison.model, comparison.reference, comparison.cases) == ("blind", "good", 9)
    assert [flip.case for flip in comparison.flips] == ["green_1", "green_2", "green_3", "red_1", "red_2", "red_3"]
    assert {flip.gain for flip in comparison.flips} == {False}
    assert [verdict.state for verdict in comparison.verdicts] == ["regressed", "regressed", "unchanged"]


def test_the_other_states_pass_and_flips_both_ways_are_named(fleet: Bench) -> None:
    fleet.suite("garage", GARAGE, "[tiers.1]\nallowed_drop = 0.3\n")
    answer = fleet.run(DIM, BLIND, "--robust-reference=blind", "-m", "regression and tier1")
    assert answer.code == 0
    assert counts(answer.text) == {"passed": 1}
    assert "dim against blind (the reference model): of 8 cases, 2 pass only under blind and 6 only under dim" in (
        answer.text
    )
    assert "  garage tier 1: cleared: lost 2 of 8 groups (blue_1, blue_2), won 6 (" in answer.text
    assert "  only blind passes garage/blue_1 [tier 1]: ship 0.800 → 0.100, dim saw automobile" in answer.text
    assert "  only dim passes garage/green_1 [tier 1]: truck 0.100 → 0.800, blind saw automobile" in answer.text


def test_every_page_has_the_comparison(fleet: Bench) -> None:
    answer = fleet.run(*AGAINST_GOOD, "-m", "regression", "--robust-markdown=summary.md", "--junitxml=junit.xml")
    folder = fleet.runs[-1]
    markdown = (fleet.path / "summary.md").read_text(encoding="utf-8")
    assert "### `blind` against the reference model `good`" in markdown
    assert "| `good` | `garage/green_1` | 0.800 → 0.100 | `truck` | `automobile` |" in markdown
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<bdi>blind</bdi> against <bdi>good</bdi>" in page
    # The pictures are there without a row of their case.
    assert page.count("data-picture=") == len({"green", "red"})
    properties = ElementTree.parse(fleet.path / "junit.xml").iter("property")  # noqa: S314 (pytest's own)
    assert {each.get("name"): each.get("value") for each in properties}["against:blind"] == "good: regressed"

    shown = CliRunner().invoke(app, ["show", str(folder)])
    assert answer.line("(the reference model)") in shown.output


def test_one_selected_case_is_compared_with_its_whole_tier(fleet: Bench) -> None:
    answer = fleet.run(*AGAINST_GOOD, "-k", "tier1 and against or green_1")
    assert "of 8 cases, 6 pass only under good" in answer.text
    assert set(fleet.record().scores["case"]) == {"green_1"}


def test_without_the_option_there_is_no_such_test(fleet: Bench) -> None:
    answer = fleet.run(GOOD, BLIND, "-m", "regression")
    assert answer.code == 5


def test_a_known_issue_changes_nothing(fleet: Bench) -> None:
    head, *rows = GARAGE.splitlines()
    known = [f"{head},known_issue", *(f"{row},TICKET-1" for row in rows)]
    fleet.suite("garage", "\n".join([*known, ""]))
    answer = fleet.run(*AGAINST_GOOD)
    assert answer.code == 1
    assert counts(answer.text)["failed"] == 2
    assert "of 9 cases, 6 pass only under good" in answer.text
    assert "  all suites: regressed: lost 6 of 9 groups" in answer.text


@pytest.mark.parametrize("gate", ["flips", "regression", "thresholds"])
def test_a_baseline_of_the_model_excuses_nothing(fleet: Bench, gate: str) -> None:
    fleet.run(GOOD, BLIND, "--robust-update-baseline")
    fleet.record()
    answer = fleet.run(*AGAINST_GOOD, "-m", "regression", f"--robust-gate={gate}")
    # Each model is as its own baseline; the two are not alike.
    assert answer.code == 1
    assert counts(answer.text) == {"failed": 2, "passed": 7}


def test_only_cases_that_both_have_labels_for_are_counted(fleet: Bench) -> None:
    run = (GOOD, "--robust-model=landlubber=python:fleet:landlubber", "--robust-reference=good", "-m", "regression")
    answer = fleet.run(*run, "--robust-missing-labels=skip")
    assert "of 7 cases, 3 pass only under good and 0 only under landlubber" in answer.text
    assert "  not counted, no label for it or unscored under one of the two models: 2 cases" in answer.text
    # A tier of which nothing is left is skipped.
    fleet.suite("garage", "file_name,label,tier\nblue_1.png,ship,1\nred_1.png,automobile,2\n")
    answer = fleet.run(*run, "--robust-missing-labels=skip", "-rs")
    assert answer.code == 0
    assert counts(answer.text) == {"passed": 2, "skipped": 1}
    assert "landlubber against good: garage tier 1: not shown: no case that both models judged" in answer.text


@pytest.mark.parametrize("reference", ["good", "moody"])
def test_a_case_with_an_error_is_named_and_not_counted(fleet: Bench, reference: str) -> None:
    moody = "--robust-model=moody=python:fleet:moody"
    answer = fleet.run(GOOD, moody, f"--robust-reference={reference}", "-m", "regression and tier1")
    assert "both pass and miss the same of 6 cases" in answer.text
    assert "  not counted, an error under one of the two models: garage/blue_1, garage/blue_2" in answer.text
    # As in every test of a whole tier, an image without a verdict never passes.
    assert answer.code == 1
    assert "garage/tier1: not determined, 2 images without a verdict: garage/blue_1, garage/blue_2" in answer.text


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            (GOOD, BLIND, "--robust-reference=god"),
            "--robust-reference 'god': no model of the run has this name; did you mean 'good'?",
        ),
        (
            (GOOD, "--robust-reference=good"),
            "--robust-reference 'good': it is the only model of the run; add another one with --robust-model NAME=SPEC",
        ),
    ],
)
def test_a_reference_without_a_partner_is_a_problem(
    fleet: Bench, options: tuple[str, ...], problem: str, workers: tuple[str, ...]
) -> None:
    answer = fleet.run(*options, *workers)
    assert answer.code == 4
    assert answer.errors == [problem]


def test_the_ini_file_can_say_it(fleet: Bench) -> None:
    models = ["good=python:fleet:good", "blind=python:fleet:blind"]
    fleet.configure(robust_model=models, robust_reference="good")
    answer = fleet.run("-k", "against and all")
    assert answer.code == 1
    assert counts(answer.text) == {"failed": 1}
