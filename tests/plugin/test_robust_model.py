"""--robust-model [NAME=]SPEC"""

from __future__ import annotations

import pytest

from tests.conftest import Bench
from tests.plugin.test_selection import counts


def test_the_command_line_wins_over_the_ini_file(study: Bench) -> None:
    study.configure(robust_model=["no/such"])
    assert study.run("-m", "tier1").code == 4
    assert study.run("-m", "tier1", f"--robust-model={study.model}").code == 0
    # Without a name it is called by the last part of its folder.
    assert study.record().run.models[0].name == study.model.name == "colour-model"


def test_a_name_is_the_slot(study: Bench) -> None:
    answer = study.run("-m", "tier1", "--robust-model", f"night_1={study.model}")
    assert answer.line("night_1: level") == "night_1: level 1 of 3 (tier 2 not run)"
    model = study.record().run.models[0]
    assert (model.name, model.spec) == ("night_1", str(study.model))


@pytest.mark.parametrize(
    ("specs", "line"),
    [
        (["a=x", "a=y"], "--robust-model: two models are named 'a'; give each a name: NAME=SPEC"),
        (["a/x", "b/x"], "--robust-model: two models are named 'x'; give each a name: NAME=SPEC"),
        (["a b=x"], "--robust-model 'a b=x': a model's name may contain only letters, digits, _, . and -; write NAME="),
        (["a="], "--robust-model 'a=' names no model; write a folder, a Hub id"),
        (["nowhere"], "model 'nowhere': there is no such folder; write a folder, a Hub id (org/name or "),
        (["org-x/name-y"], "model 'org-x/name-y': is not a folder, and the Hub cannot be reached"),
        (["python:nothing_here:make"], "model 'python:nothing_here:make': cannot import nothing_here: ModuleNotFound"),
    ],
)
def test_what_names_no_model_is_one_line(study: Bench, specs: list[str], line: str) -> None:
    answer = study.run(*(part for spec in specs for part in ("--robust-model", spec)))
    assert answer.code == 4
    assert len(answer.errors) == 1
    assert answer.errors[0].startswith(line)


@pytest.mark.usefixtures("reference_cache")
def test_the_built_in_model_is_the_default(study: Bench) -> None:
    study.configure(robust_model=None)
    study.suite("study", "file_name,label,tier\nred.png,sports car,1\n")
    answer = study.run()
    assert "model reference: 1000 labels, " in answer.text
    assert counts(answer.text) == {"failed": 2}
    assert study.record().run.models[0].name == "reference"


def test_a_folder_inside_the_repository(study: Bench) -> None:
    import shutil

    shutil.copytree(study.model, study.path / "models" / "mine")
    assert study.run("-m", "tier1", "--robust-model", "models/mine").code == 0
