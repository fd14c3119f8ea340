"""The commands find suites and runs through pytest's settings."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Answer
from tests.runs.records import row, write
from tierbench.cli.pytest_settings import nearest_settings, settings_in
from tierbench.common.errors import UserError

Call = Callable[..., Answer]


def test_suites_and_runs_are_found_through_the_settings(
    tierbench: Call, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.move("cases", "pictures")
    write(workplace / "out", 1, [row("red", 0.9, suite="colours")])
    ini = "[pytest]\nrobust_cases = pictures\nrobust_reports = out\n"
    (workplace / "pytest.ini").write_text(ini, encoding="utf-8")
    assert tierbench("list").out.startswith("colours: 1 in tier 1, 1 in tier 2")
    assert tierbench("check", "colours").code == 0
    assert "out/20260102" in tierbench("show").out
    assert "out/baselines/model.csv" in tierbench("baseline", "accept", "last").out
    assert "20260102T031700Z-000001" in tierbench("history").out
    # From a folder below, as pytest does.
    (workplace / "src").mkdir()
    monkeypatch.chdir(workplace / "src")
    assert tierbench("check", "colours").code == 0
    assert tierbench("show").code == 0
    # An option wins over the settings.
    assert tierbench("show", "--reports", "nowhere").code == 4


@pytest.mark.parametrize(
    ("files", "found", "model"),
    [
        ({"pytest.ini": "", "pyproject.toml": "[tool.pytest]\nrobust_model = ['a']"}, "pytest.ini", []),
        ({"pyproject.toml": "[tool.pytest]\nrobust_model = ['a']", "tox.ini": "[pytest]\n"}, "pyproject.toml", ["a"]),
        ({"pyproject.toml": "[tool.pytest.ini_options]\nrobust_model = 'a'"}, "pyproject.toml", ["a"]),
        (
            {"pyproject.toml": "[project]\nname = 'x'", "setup.cfg": "[tool:pytest]\nrobust_model =\n a\n b"},
            "setup.cfg",
            ["a", "b"],
        ),
        ({".pytest.toml": "[pytest]\nrobust_model = ['a']", "pytest.ini": "[pytest]\n"}, ".pytest.toml", ["a"]),
        ({"tox.ini": "[tox]\n", "setup.cfg": "[metadata]\n"}, None, []),
    ],
)
def test_pytest_reads_the_same_file(
    pytester: pytest.Pytester, files: dict[str, str], found: str | None, model: list[str]
) -> None:
    for name, text in files.items():
        (pytester.path / name).write_text(text, encoding="utf-8")
    settings = settings_in(pytester.path)
    assert (settings.file.name if settings else None) == found
    assert (settings.lines("robust_model") if settings else []) == model
    read = pytester.parseconfig("-p", "no:cacheprovider", "-p", "no:hypothesispytest").inipath
    assert (read.name if read else None) == found


def test_a_file_that_cannot_be_parsed_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool", encoding="utf-8")
    with pytest.raises(UserError, match=r"pyproject\.toml: cannot be read: .*; fix it first"):
        nearest_settings(tmp_path / "below")
