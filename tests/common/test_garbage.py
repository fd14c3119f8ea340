"""The search for garbage is off while many objects are made, and as it was afterwards."""

from __future__ import annotations

import gc

import pytest

from tierbench.common.garbage import no_search


def test_the_search_is_on_again_whatever_happens() -> None:
    def make() -> None:
        with no_search():
            assert not gc.isenabled()
            raise ValueError("broken")

    assert gc.isenabled()
    with pytest.raises(ValueError, match="broken"):
        make()
    assert gc.isenabled()


def test_who_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with no_search():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
