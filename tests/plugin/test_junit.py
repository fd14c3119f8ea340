"""JUnit XML: valid against the schema of its family, with the findings of the run at the top of its suite."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import xmlschema

from tests.conftest import REPOSITORY, Bench
from tests.garage import GARAGE

# The published schema of xunit2: Jenkins' xUnit plugin has it, and pytest holds its own files against it.
PUBLISHED = REPOSITORY / "tests" / "data" / "junit" / "junit-10.xsd"
# There is none of xunit1. What both allow: attributes and children of each element.
SUITE = {"name", "errors", "failures", "skipped", "tests", "time", "timestamp", "hostname"}
SAID = ({"message", "type"}, set[str]())
XUNIT2: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"name"}, {"testsuite"}),
    "testsuite": (SUITE, {"properties", "testcase"}),
    "testcase": ({"classname", "name", "time"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    **dict.fromkeys(("skipped", "error", "failure"), SAID),
    **dict.fromkeys(("system-out", "system-err"), (set[str](), set[str]())),
}
ATTRIBUTES, CHILDREN = XUNIT2["testcase"]
XUNIT1 = XUNIT2 | {"testcase": (ATTRIBUTES | {"file", "line", "url"}, CHILDREN | {"properties"})}
# One of them skipped, one a known failure, one an error.
ROWS = GARAGE + "grey_2.png,cat,2\ngrey_3.png,automobile,2\n"
OTHER = "def test_other(record_property):\n    record_property('owner', 'me')\n    assert False\n"


def problems(file: Path, schema: dict[str, tuple[set[str], set[str]]]) -> list[str]:
    found = []
    for element in ElementTree.parse(file).iter():  # noqa: S314 (pytest's own)
        attributes, children = schema[element.tag]
        found += [f"{element.tag} has {name}" for name in element.attrib if name not in attributes]
        found += [f"{element.tag} has <{child.tag}>" for child in element if child.tag not in children]
    return found


def suite_properties(file: Path) -> dict[str, str]:
    tree = ElementTree.parse(file)  # noqa: S314 (pytest's own)
    return {each.attrib["name"]: each.attrib["value"] for each in tree.findall("testsuite/properties/property")}


@pytest.mark.parametrize(("family", "schema"), [("xunit2", XUNIT2), ("xunit1", XUNIT1)])
@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_it_is_valid_in_each_family(
    accepted: Bench, family: str, schema: dict[str, tuple[set[str], set[str]]], workers: tuple[str, ...]
) -> None:
    accepted.suite("garage", ROWS)
    (accepted.path / "cases" / "garage" / "grey_3.png").write_text("no image", encoding="utf-8")
    accepted.file("cases/test_other.py", OTHER)
    run = ("--junitxml=junit.xml", "-o", f"junit_family={family}", "--robust-missing-labels=skip", *workers)
    answer = accepted.run(*run)
    assert answer.code == 1
    file = accepted.path / "junit.xml"
    # What a user's own test records is written by pytest in every family.
    assert problems(file, schema) == (["testcase has <properties>"] if family == "xunit2" else [])
    own = {each.get("name") for each in ElementTree.parse(file).iter("property")}  # noqa: S314 (pytest's own)
    assert "owner" in own
    assert ("image_sha256" in own) == (family == "xunit1")
    # The record holds everything all the same.
    assert len(accepted.record().scores) == 11


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_xunit2_is_valid_against_the_published_schema(accepted: Bench, workers: tuple[str, ...]) -> None:
    accepted.suite("garage", ROWS)
    (accepted.path / "cases" / "garage" / "grey_3.png").write_text("no image", encoding="utf-8")
    answer = accepted.run("--junitxml=junit.xml", "--robust-missing-labels=skip", *workers)
    assert answer.code == 1
    file = accepted.path / "junit.xml"
    assert {"failure", "error", "skipped"} <= {each.tag for each in ElementTree.parse(file).iter()}  # noqa: S314 (pytest's own)
    assert [error.reason for error in xmlschema.XMLSchema(PUBLISHED).iter_errors(file)] == []


def test_the_suite_says_model_level_verdict_and_versions(accepted: Bench) -> None:
    accepted.suite("garage", GARAGE.replace("red_2.png,automobile,1\n", ""))
    accepted.run("--junitxml=junit.xml")
    found = suite_properties(accepted.path / "junit.xml")
    assert found["model"] == f"model = {accepted.model}"
    assert (found["level"], found["verdict"], found["complete"]) == ("1", "unchanged", "true")
    assert found["missing"] == "garage/red_2"
    assert "torch " in found["versions"]


def test_each_of_several_models_has_its_own(garage: Bench, worse: Path) -> None:
    models = (f"--robust-model=good={garage.model}", f"--robust-model=worse={worse}")
    garage.run("--junitxml=junit.xml", *models)
    found = suite_properties(garage.path / "junit.xml")
    assert (found["level:good"], found["level:worse"]) == ("1", "0")
    assert found["verdict:good"] == "no baseline"
