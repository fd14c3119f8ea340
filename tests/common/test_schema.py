"""A run has one schema: no second type with the same fields, and no conversion by hand."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import tierbench

# The kinds of check have the same fields (a suite, a tier, a model) and differ in what they do.
CHECKS = ("plugin/checks", "plugin/baseline_checks")
PACKAGE = Path(tierbench.__file__).parent
# Two types with fewer fields may have the same ones by chance.
LEAST = 4


@cache
def parsed() -> list[tuple[str, ast.AST]]:
    return [
        (file.relative_to(PACKAGE).as_posix(), node)
        for file in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    ]


def field_names(node: ast.ClassDef) -> frozenset[str]:
    """Return the names of a dataclass's fields; empty for another class."""
    if not any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
        return frozenset()
    fields = (each.target for each in node.body if isinstance(each, ast.AnnAssign))
    return frozenset(target.id for target in fields if isinstance(target, ast.Name))


def test_nothing_is_turned_into_dicts_by_hand() -> None:
    by_hand = [
        f"{file}: {node.name}"
        for file, node in parsed()
        if isinstance(node, ast.FunctionDef) and node.name in ("as_dict", "from_dict")
    ]
    assert by_hand == []


def test_no_two_types_have_the_same_fields() -> None:
    seen: dict[frozenset[str], str] = {}
    twins = []
    for file, node in parsed():
        if file.startswith(CHECKS):
            continue
        if isinstance(node, ast.ClassDef) and len(names := field_names(node)) >= LEAST:
            name = f"{file}: {node.name}"
            if names in seen:
                twins.append((seen[names], name))
            seen[names] = name
    # Make sure that the search finds types: those of the schema are among them.
    assert {"common/schema.py: Run", "common/schema.py: CaseRow"} <= set(seen.values())
    assert twins == []
