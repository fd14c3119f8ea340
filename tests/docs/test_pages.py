"""The documentation matches the code: its links, examples, tables and generated pages."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY
from tierbench.corruptions import ALL_CORRUPTIONS, FAMILIES, MEAN_CORRUPTIONS, NEEDS_OPENCV, SEEDLESS
from tierbench.suites.problems import Problems
from tierbench.suites.reader import read_suite

DOCS = REPOSITORY / "docs"
PAGES = sorted(DOCS.glob("**/*.md"))
TEXTS = [*PAGES, *sorted(REPOSITORY.glob("*.md"))]


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def name_of(file: Path) -> str:
    return file.relative_to(REPOSITORY).as_posix()


def named_in(navigation: Any) -> Iterator[str]:
    """Yield the files of a navigation at any depth."""
    if isinstance(navigation, str):
        yield navigation
    else:
        for entry in navigation.values() if isinstance(navigation, dict) else navigation:
            yield from named_in(entry)


def anchors(file: Path) -> set[str]:
    """Return the anchors of the headings of a page, as MkDocs and GitHub generate them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text_of(file), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def blocks(language: str) -> list[Any]:
    """Return the fenced blocks of a language in all texts, with their file and number as id."""
    return [
        pytest.param(block, id=f"{name_of(file)}-{number}")
        for file in TEXTS
        for number, block in enumerate(re.findall(rf"```{language}\n(.*?)```", text_of(file), re.DOTALL), start=1)
    ]


def test_every_page_is_in_the_navigation_once() -> None:
    settings = yaml.safe_load(text_of(REPOSITORY / "mkdocs.yml"))
    assert sorted(named_in(settings["nav"])) == [page.relative_to(DOCS).as_posix() for page in PAGES]


@pytest.mark.parametrize("file", TEXTS, ids=name_of)
def test_every_link_has_a_target(file: Path) -> None:
    lost = []
    # The text of a link may contain a line break; titles after the target are not used here.
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(file)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (file.parent / path).resolve() if path else file
        if not linked.is_file() or (anchor and anchor not in anchors(linked)):
            lost.append(target)
    assert lost == []


def test_the_readme_is_short() -> None:
    assert len(text_of(REPOSITORY / "README.md").splitlines()) <= 150


@pytest.mark.parametrize("block", blocks("python"))
def test_every_python_example_compiles(block: str) -> None:
    compile(block, "example", "exec")


@pytest.mark.parametrize("block", blocks("toml"))
def test_every_toml_example_is_valid(block: str) -> None:
    assert tomllib.loads(block)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_every_yaml_example_is_valid(block: str) -> None:
    assert yaml.safe_load(block)


def test_the_example_suite_is_valid(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", text_of(DOCS / "suites.md"), re.DOTALL)
    (tmp_path / "suite.toml").write_text(example, encoding="utf-8")
    (tmp_path / "car.png").write_bytes((DOCS / "screenshots/default.png").read_bytes())
    rows = "file_name,label,tier,ladder,visibility_m\ncar.png,automobile,,sedan_fog,80\n"
    (tmp_path / "metadata.csv").write_text(rows, encoding="utf-8")
    problems = Problems()
    suite = read_suite(tmp_path, problems)
    assert problems.lines == []
    assert suite.ladders["sedan_fog"].gate == 50


def test_the_table_of_corruptions_matches_the_code() -> None:
    families = {name: family for family, names in FAMILIES.items() for name in names}
    expected = [
        (
            name,
            families[name],
            "" if name in SEEDLESS else "yes",
            "yes" if name in NEEDS_OPENCV else "",
            "yes" if name in MEAN_CORRUPTIONS else "",
        )
        for name in ALL_CORRUPTIONS
    ]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w*) ?\| (\w*) ?\| (\w*) ?\|$", text_of(DOCS / "corruptions.md"), re.M)
    assert rows == expected


@pytest.mark.slow
def test_the_generated_pages_are_up_to_date(tmp_path: Path) -> None:
    tool = [sys.executable, "tools/make_reference_pages.py", str(tmp_path)]
    subprocess.run(tool, cwd=REPOSITORY, timeout=60, check=True)
    written = sorted(tmp_path.iterdir())
    assert [page.name for page in written] == ["command-line.md", "python-api.md"]
    for page in written:
        assert text_of(DOCS / page.name) == text_of(page), f"{page.name} is out of date: run `make docs`"
