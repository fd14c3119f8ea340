"""CITATION.cff, the issue forms, and the pre-commit hooks."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY

FORMS = sorted(file for file in (REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if file.name != "config.yml")


def loaded(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def test_the_citation_names_this_version() -> None:
    citation = loaded(REPOSITORY / "CITATION.cff")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.stem)
def test_an_issue_form_is_valid(file: Path) -> None:
    form = loaded(file)
    assert {"name", "description", "body"} <= form.keys()
    identifiers = [entry["id"] for entry in form["body"]]
    assert len(set(identifiers)) == len(identifiers)
    for entry in form["body"]:
        assert entry["attributes"]["label"]
        assert entry["type"] != "checkboxes" or all(option["label"] for option in entry["attributes"]["options"])


def test_every_hook_runs_what_make_lint_installs() -> None:
    (local,) = loaded(REPOSITORY / ".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    for hook in local["hooks"]:
        assert hook["entry"].startswith(".venv/bin/")
        assert hook["language"] == "system"
