"""A cache folder for all tests of corruptions: the textures of frost are drawn once, and not kept in the user's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package", autouse=True)
def textures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set the cache folder, for the processes that tests start too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIERBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
