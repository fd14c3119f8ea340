"""Parts of the registry in `test_registry.py`."""

from __future__ import annotations

from fractions import Fraction

ZERO = Fraction(0)
HALF = Fraction(1, 2)
QUARTER = Fraction(1, 4)
NO_SHARE = "a text"
