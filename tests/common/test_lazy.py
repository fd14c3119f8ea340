"""Lazy exports are imported once, on first access, and are listed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

PACKAGE = """
from tierbench.common.lazy import lazy_exports
__getattr__, __dir__ = lazy_exports(__name__, {"answer": "lazy_shop.shelf"})
"""


def test_an_export_is_imported_on_first_access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lazy_shop").mkdir()
    (tmp_path / "lazy_shop" / "__init__.py").write_text(PACKAGE, encoding="utf-8")
    (tmp_path / "lazy_shop" / "shelf.py").write_text("answer = [42]\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import lazy_shop  # type: ignore[import-not-found]  # written above

    assert "answer" in dir(lazy_shop)
    assert "lazy_shop.shelf" not in sys.modules
    assert lazy_shop.answer == [42]
    assert lazy_shop.answer is sys.modules["lazy_shop.shelf"].answer
    with pytest.raises(AttributeError, match="module 'lazy_shop' has no attribute 'question'"):
        _ = lazy_shop.question
