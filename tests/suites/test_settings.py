"""Every static problem of suite.toml is one line with the file and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SuiteWriter
from tests.distribution import install, python_with
from tierbench.suites import Ladder, MetricGate, Tier, read_suites

ROWS = "file_name,label,tier\nred.png,car,1\n"


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        ("[tiers", "cannot be read as TOML: "),
        ("description = " + "[" * 20_000, "cannot be read as TOML: it is nested too deeply; fix the file"),
        ("max_false_alarms = " + "9" * 5000, "cannot be read as TOML: Exceeds the limit (4300 digits) for integer"),
        *(
            (f"{key} = 0x{'f' * 5000}", f"{where} a number of thousands of digits")
            for key, where in (
                ("description", "'description' must be a string, not"),
                ("max_false_alarms", "max_false_alarms must be a number from 0 to 1, not"),
                ("corruptions.variant", "[corruptions] variant"),
                ("tiers.1.name", "[tiers.1] 'name' must be a string, not"),
            )
        ),
        ("descripton = 'x'", "unknown key 'descripton'; did you mean 'description'?"),
        ("description = 3", "'description' must be a string, not 3; put it in quotes"),
        ("tiers = 3", "'tiers' must be a table (1 value found); write [tiers]"),
        ("[tiers]\n1 = 0.5", "tiers.1 must be a table; write [tiers.1]"),
        ("[tiers.easy]", "[tiers.easy]: a tier is an integer ≥ 1; write [tiers.1]"),
        ("[tiers.0]", "[tiers.0]: a tier is an integer ≥ 1; write [tiers.1]"),
        ("[tiers." + "9" * 5000 + "]", "[tiers.999"),
        ("[tiers.1]\nmin_skore = 0.5", "unknown [tiers.1] key 'min_skore'; did you mean 'min_score'?"),
        ("[tiers.1]\nmin_score = 1.5", "[tiers.1] min_score must be a number from 0 to 1, not 1.5"),
        ("[tiers.1]\nmin_score = nan", "[tiers.1] min_score must be a number from 0 to 1, not nan"),
        ("[tiers.1]\nmin_score = true", "[tiers.1] min_score must be a number from 0 to 1, not True"),
        ("[tiers.1]\nallowed_drop = 0", "[tiers.1] allowed_drop must be a number from 0.001 to 1, not 0"),
        ("[tiers.1]\nmin_pass_rate = '1'", "[tiers.1] min_pass_rate must be a number from 0 to 1, not '1'"),
        ("[tiers.1]\nname = 1", "[tiers.1] 'name' must be a string, not 1; put it in quotes"),
        ("[parameters]\nVisibility = 'm'", "[parameters] 'Visibility' is not a valid name; use lower-case"),
        ("[parameters]\nlabel = 'm'", "[parameters] 'label' is not a valid name"),
        ("[parameters]\nfog_m = 3", '[parameters] fog_m: the unit must be a string; write fog_m = "m"'),
        ("[labels]\ncar = []", '[labels] car: must be a list of labels; write car = ["label"]'),
        ("[labels]\ncar = [3]", "[labels] car: must be a list of labels"),
        (
            "[labels]\n'a|b' = ['x']",
            "[labels] 'a|b' is not a valid concept; it must not be empty, be '-', begin with '!' or contain '|'",
        ),
        ("[labels]\n'!car' = ['x']", "[labels] '!car' is not a valid concept"),
        ("[labels]\n'-' = ['x']", "[labels] '-' is not a valid concept"),
        ("max_false_alarms = 1.2", "max_false_alarms must be a number from 0 to 1, not 1.2"),
        (
            "[labels]\ncar = ['cab']\ntruck = ['Cab']",
            "[labels] 'cab' counts as 'car' and as 'truck'; a label belongs to one concept: remove it from one of them",
        ),
        ("[ladders]\nfog = 1", "ladders.fog must be a table; write [ladders.fog]"),
        ("[ladders.fog]\nparameter = 'm'", "[ladders.fog] parameter 'm' is not declared under [parameters]; add it"),
        (
            "[parameters]\nm = 'm'\n[ladders.fog]\nparameter = 'm'\ndirection = 'down'",
            "[ladders.fog] direction 'down' is unknown; write falling or rising",
        ),
        (
            "[parameters]\nm = 'm'\n[ladders.fog]\nparameter = 'm'\ngate = 'far'",
            "[ladders.fog] gate must be a number, not 'far'",
        ),
        ("gates = 3", "'gates' must be a table (1 value found); write [gates]"),
        (
            "[gates]\naccurracy = {min = 0.9}",
            "[gates] unknown metric 'accurracy'; did you mean 'accuracy'? Known: accuracy, ece, nll, brier, ",
        ),
        (
            "[gates]\nmiou = {min = 0.9}",
            "[gates] unknown metric 'miou'; known: accuracy, ece, nll, brier, ",
        ),
        ("[gates]\nece = 0.05", "[gates] ece must have min, max or both; write ece = {max = 0.05}"),
        ("[gates]\nslipping = {min = 1}", "[gates] slipping must have max; write slipping = {max = 0.2}"),
        ("[gates]\nslipping = {max = 5}", "[gates] slipping max must be a number from 0 to 4, not 5"),
        ("[gates]\nslipping = {max = 1, min = 0}", "unknown [gates] slipping key 'min'; "),
        ("[gates]\nece = {}", "[gates] ece must have min, max or both; write ece = {max = 0.05}"),
        ("[gates.ece]\nmaximum = 1", "unknown [gates] ece key 'maximum'; did you mean 'max'?"),
        ("[gates]\nece = {max = '5 %'}", "[gates] ece max must be a number, not '5 %'"),
        ("[gates]\nece = {max = nan}", "[gates] ece max must be a number, not nan"),
        ("[gates]\nece = {max = " + "9" * 400 + "}", "[gates] ece max must be a number, not 999"),
        ("[gates]\nece = {max = inf}", "[gates] ece max must be a number, not inf"),
        ("[gates]\nece = {min = true}", "[gates] ece min must be a number, not True"),
        (
            "[gates]\nnll = {min = 2, max = 0.5}",
            "[gates] nll: min 2 is above max 0.5; swap them",
        ),
        (
            "[parameters]\nm = 'm'\n[ladders.Fog]\nparameter = 'm'",
            "[ladders.Fog]: the name may contain only lower-case",
        ),
    ],
    ids=lambda value: value[:40],
)
def test_every_problem_is_one_line(suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch, toml: str, line: str) -> None:
    folder = suite(ROWS, toml)
    monkeypatch.chdir(folder.parent)
    _, problems = read_suites([folder])
    assert len(problems) == 1
    assert problems[0].startswith("colours/suite.toml: " + line)
    assert "\n" not in problems[0]


def test_every_setting_is_read(suite: SuiteWriter) -> None:
    folder = suite(
        "file_name,label,tier,ladder,visibility_m\nred.png,car,1,,\ngrey.png,car,,fog,50\n",
        """
        description = "Cars."
        [tiers.1]
        name = "easy"
        min_pass_rate = 0.9
        [tiers.7]
        name = "of which there is no case"
        [parameters]
        visibility_m = "m"
        [labels]
        car = ["sports car", "cab"]
        ship = "liner"
        [ladders.fog]
        parameter = "visibility_m"
        gate = 20
        [corruptions]
        enabled = false
        [corruptions.gates]
        "fog+3" = {max_drop = 0.3}
        [gates]
        ece = {max = 0.05}
        accuracy = {min = 0.8, max = 1}
        """,
    )
    (found,), problems = read_suites([folder])
    assert problems == []
    assert found.description == "Cars."
    assert dict(found.tiers) == {1: Tier(1, "easy", 0.9)}
    assert dict(found.concepts) == {"car": ("sports car", "cab"), "ship": ("liner",)}
    assert dict(found.ladders) == {"fog": Ladder("fog", "visibility_m", "falling", 20.0)}
    assert dict(found.corruptions) == {"enabled": False, "gates": {"fog+3": {"max_drop": 0.3}}}
    assert dict(found.gates) == {"ece": MetricGate(max=0.05), "accuracy": MetricGate(0.8, 1.0)}
    assert [case.id for case in found.by_tier[1]] == ["red"]
    assert found.cases[1].parameters == {"visibility_m": 50.0}


def test_the_fall_of_margins_that_is_allowed_is_no_metric(suite: SuiteWriter) -> None:
    folder = suite(ROWS, "[gates]\nslipping = {max = 0.25}\n")
    (found,), problems = read_suites([folder])
    assert (found.max_slipping, found.gates, problems) == (0.25, {}, [])


def test_a_gate_names_the_metric_of_another_package_without_importing_it(suite: SuiteWriter, tmp_path: Path) -> None:
    folder = suite(ROWS, "[gates]\nmedian = {max = 0.5}\n")
    points = {"tierbench.metrics": {"median": "medians:METRIC", "nll": "medians:NLL"}}
    site = install(tmp_path / "site", "medians", points, {"medians": "raise OSError"})
    code = "import sys, tierbench, pathlib; s, f = tierbench.read_suites([pathlib.Path(sys.argv[1])]); "
    code += "print(s[0].gates, f, {'numpy', 'medians'} & set(sys.modules))"
    answer = python_with(site, "-c", code, folder, cwd=tmp_path)
    assert answer.stdout.strip() == "{'median': MetricGate(min=None, max=0.5)} [] set()", answer.stderr
    suite(ROWS, "[gates]\nnll = {max = 0.5}\n")
    answer = python_with(site, "-c", code, folder, cwd=tmp_path)
    assert "metric 'nll' is registered twice: by tierbench and by medians 1.0 (medians:NLL)" in answer.stdout


def test_a_step_of_a_ladder_needs_its_parameter_and_no_tier(
    suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = suite(
        "file_name,label,tier,ladder,m\ngrey.png,car,1,fog,50\ngrey_2.png,car,,fog,\n",
        "[parameters]\nm = 'm'\n[ladders.fog]\nparameter = 'm'\n",
    )
    monkeypatch.chdir(folder.parent)
    assert read_suites([folder])[1] == [
        "colours/metadata.csv:2: a step of a ladder has no tier; leave tier or ladder empty",
        "colours/metadata.csv:3: a step of ladder 'fog' needs a value in 'm'",
    ]
