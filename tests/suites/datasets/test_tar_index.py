"""The index of a tar archive, held against Python's own reader, and archives that were made to harm."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.suites.datasets.tar_index import BLOCK, TarError, TarMember, tar_members

FORMS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=300).filter(
    lambda name: name.strip("/")
)
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])


def archive(members: list[tuple[str, bytes, bytes]], form: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as out:
        for name, content, kind in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            member.size = len(content) if kind == tarfile.REGTYPE else 0
            out.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def listed(content: bytes) -> list[TarMember]:
    return list(tar_members(io.BytesIO(content)))


@given(st.lists(st.tuples(NAMES, st.binary(max_size=1500), KINDS), max_size=6), st.sampled_from(FORMS[1:]))
def test_names_offsets_and_sizes_are_those_that_python_reads(
    members: list[tuple[str, bytes, bytes]], form: int
) -> None:
    content = archive(members, form)
    found = listed(content)
    with tarfile.open(fileobj=io.BytesIO(content)) as expected:
        wanted = expected.getmembers()
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.name.rstrip("/") == theirs.name.rstrip("/")
        assert ours.regular == (theirs.isreg() and not ours.name.endswith("/"))
        if ours.regular:
            assert (ours.offset, ours.size) == (theirs.offset_data, theirs.size)


@pytest.mark.parametrize("form", FORMS)
def test_long_names_in_every_format(form: int) -> None:
    name = f"{'folder/' * 14}{'x' * 60}.png"
    (member,) = listed(archive([(name, b"abc", tarfile.REGTYPE)], form))
    assert (member.name, member.size, member.regular) == (name, 3, True)


@given(st.binary(max_size=3 * BLOCK))
def test_any_bytes_are_listed_or_refused(content: bytes) -> None:
    try:
        members = listed(content)
    except TarError:
        return
    assert all(member.offset + member.size <= len(content) for member in members)


@given(st.data())
def test_a_damaged_archive_ends(data: st.DataObject) -> None:
    content = bytearray(archive([("a.png", b"x" * 600, tarfile.REGTYPE), ("b" * 120, b"y", tarfile.REGTYPE)], FORMS[2]))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        members = listed(bytes(content))
    except TarError:
        return
    assert all(member.offset + member.size <= len(content) for member in members)


def resummed(header: bytearray) -> bytes:
    """Return a header with the right sum."""
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def changed(change: Callable[[bytearray], object], kind: bytes = tarfile.REGTYPE) -> bytes:
    content = archive([("a.png", b"x" * 10, tarfile.REGTYPE)], tarfile.GNU_FORMAT)
    header = bytearray(content[:BLOCK])
    header[156:157] = kind
    change(header)
    return resummed(header) + content[BLOCK:]


def _size(field: bytes) -> Callable[[bytearray], object]:
    def change(header: bytearray) -> None:
        header[124:136] = field

    return change


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (changed(_size(b"77777777777\0")), "is cut off: the member at byte 0 claims 8589934591 bytes"),
        (changed(_size(b"\x80" + b"\xff" * 11)), "is cut off: the member at byte 0 claims"),
        # A negative size sent Python's reader round in a circle.
        (changed(_size(b"\xff" * 12)), "has no header at byte 0"),
        (changed(_size(b"9" * 12)), "has no header at byte 0"),
        (changed(_size(b"00002000000\0"), b"L"), "is cut off"),
        (b"\x1f\x8b" + b"x" * 600, "if it is compressed, unpack it"),
        (b"x" * 100, "is cut off in the header at byte 0"),
    ],
    ids=["claims-8-GB", "claims-more-than-all-disks", "negative", "no-number", "long-name", "compressed", "short"],
)
def test_a_header_that_lies_is_refused_before_anything_is_read(content: bytes, part: str) -> None:
    with pytest.raises(TarError) as error:
        listed(content)
    assert part in str(error.value)


def test_a_header_with_another_sum_is_none() -> None:
    content = bytearray(archive([("a.png", b"x" * 10, tarfile.REGTYPE)], tarfile.GNU_FORMAT))
    content[0:1] = b"b"
    with pytest.raises(TarError, match="has no header at byte 0"):
        listed(bytes(content))


@pytest.mark.parametrize("kept", [BLOCK + 10, BLOCK + 100, 2 * BLOCK])
def test_an_archive_without_its_end_is_cut_off(kept: int) -> None:
    content = archive([("a.png", b"x" * 10, tarfile.REGTYPE)], tarfile.GNU_FORMAT)
    with pytest.raises(TarError, match="is cut off: it has no end"):
        listed(content[:kept])


def test_joined_archives_are_refused_not_read_in_part() -> None:
    content = archive([("a.png", b"x" * 10, tarfile.REGTYPE)], tarfile.GNU_FORMAT)
    with pytest.raises(TarError, match="has more after its end at byte 1024"):
        listed(content + content)


def test_a_header_of_two_megabytes_is_refused() -> None:
    with pytest.raises(TarError, match="has a header of 2000001 bytes"):
        listed(archive([("n" * 2_000_000, b"", tarfile.REGTYPE)], tarfile.GNU_FORMAT))


def test_the_size_of_an_extended_header_counts() -> None:
    """As writers note it for members of 8 GB and more."""
    record = b"11 size=10\n"
    first = changed(_size(b"%011o\0" % len(record)), b"x")[:BLOCK]
    member = changed(_size(b"00000000000\0"))
    (found,) = listed(first + record.ljust(BLOCK, b"\0") + member)
    assert (found.name, found.offset, found.size) == ("a.png", 3 * BLOCK, 10)


def test_the_times_of_an_old_gnu_header_are_no_folder() -> None:
    def with_access_time(header: bytearray) -> None:
        header[345:357] = b"14524770123\0"

    assert [member.name for member in listed(changed(with_access_time))] == ["a.png"]


@pytest.mark.parametrize("record", [b"10 size=-5\n", b"12 size=1e9\n\n", b"99 path=a\n", b"x path=a\n", b"7 path\n"])
def test_a_damaged_extended_header_is_refused(record: bytes) -> None:
    content = record.ljust(BLOCK, b"\0")
    header = bytearray(changed(_size(b"%011o\0" % len(record)), b"x")[:BLOCK])
    rest = archive([("a.png", b"x", tarfile.REGTYPE)], tarfile.USTAR_FORMAT)
    with pytest.raises(TarError):
        listed(bytes(header) + content + rest)


def test_a_file_with_holes_is_not_read_as_it_lies_there() -> None:
    """What is stored of it begins with the map of its holes."""
    record = b"22 GNU.sparse.major=1\n"
    first = changed(_size(b"%011o\0" % len(record)), b"x")[:BLOCK]
    (found,) = listed(first + record.ljust(BLOCK, b"\0") + changed(lambda header: None))
    assert not found.regular
