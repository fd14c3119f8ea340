"""The tests of tools import them as the tools import one another: from the folder tools/."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
