"""Any part of a `run.json` may be damaged: it is still read, or one line of plain words names the damaged part."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.old_records import MODELS
from tierbench.common.errors import UserError
from tierbench.runs.record import read_run_json

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**30, -1, 1e300, math.nan, -math.inf, "", "x\n\u202e`$.y`", "\ud800"])
    | st.floats()
    | st.text(max_size=5),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=5), parts, max_size=3),
    max_leaves=5,
)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Draw the content of a real run with one part replaced or missing, and the name of the top-level field."""
    content: dict[str, Any] = json.loads((MODELS / "run.json").read_text(encoding="utf-8"))
    name = draw(st.sampled_from(sorted(content.keys() - {"schema"})))
    parent: Any = content
    key: Any = name
    while parent[key] and isinstance(parent[key], dict | list) and draw(st.booleans()):
        parent = parent[key]
        key = draw(st.sampled_from(sorted(parent) if isinstance(parent, dict) else range(len(parent))))
    if isinstance(parent, dict) and draw(st.integers(0, 3)) == 0:
        del parent[key]
    else:
        parent[key] = draw(JUNK)
    return name, content


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@given(damaged())
@settings(max_examples=150)
def test_one_line_names_the_damaged_part(folder: Path, case: tuple[str, dict[str, Any]]) -> None:
    name, content = case
    (folder / "run.json").write_text(json.dumps(content), encoding="utf-8")
    try:
        read_run_json(folder)
    except UserError as error:
        (line,) = error.lines
        assert line.partition(": is damaged: '")[2].startswith(name)
        assert line.isprintable()
        assert "`" not in line
        assert "$" not in line.replace(str(folder), "")
        assert line.endswith("; remove the folder if you do not need it")


def test_a_run_that_is_nested_too_deeply_is_reported_in_one_line(folder: Path) -> None:
    text = (MODELS / "run.json").read_text(encoding="utf-8")
    nested = text.replace('"preprocessing": {', f'"preprocessing": {{"x": {"[" * 100_000}{"]" * 100_000},', 1)
    assert nested != text
    (folder / "run.json").write_text(nested, encoding="utf-8")
    with pytest.raises(UserError, match="cannot be read as JSON"):
        read_run_json(folder)
