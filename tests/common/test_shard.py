"""A key belongs to one shard, which depends on nothing but the key and the number of shards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.common.errors import UserError
from tierbench.common.shard import Shard

counts = st.integers(1, 50)


@given(st.text(), counts)
def test_every_key_is_in_exactly_one_shard(key: str, of: int) -> None:
    assert sum(Shard(number, of).has(key) for number in range(1, of + 1)) == 1


def test_the_shards_of_keys_stay_what_they_are() -> None:
    # Records of shards that another release made are merged, too.
    shards = [next(n for n in range(1, 8) if Shard(n, 7).has(f"garage/red_{i}")) for i in range(8)]
    assert shards == [5, 5, 5, 4, 1, 4, 7, 6]


def test_shards_are_about_equally_large() -> None:
    sizes = [sum(Shard(number, 4).has(f"set/{i}") for i in range(4000)) for number in range(1, 5)]
    assert min(sizes) > 900


@given(counts, counts)
def test_a_shard_is_read_as_it_is_written(first: int, second: int) -> None:
    shard = Shard(min(first, second), max(first, second))
    assert Shard.parse(str(shard)) == shard


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "1/0", "a/b", "1/3/5", "-1/3", "٣/3", "1/9999999", "1.5/3"])
def test_other_texts_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(UserError, match=r"--robust-shard .* is no shard; write i/N") as caught:
        Shard.parse(text)
    assert len(caught.value.lines) == 1
