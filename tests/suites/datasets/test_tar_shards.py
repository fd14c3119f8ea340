"""The kind `webdataset`: shards, how they are named, and members that do not belong."""

from __future__ import annotations

import os
import pickle
import re
import tarfile
from pathlib import Path

import pytest

from tests.flat_colours import RGB
from tests.suites.datasets.layouts import CLASS_OF, opened, png, write_tar, write_tar_shards
from tierbench.common.errors import UserError
from tierbench.common.images import PictureError
from tierbench.suites.datasets import open_sample

RED, BLUE = png("red"), png("blue")


@pytest.mark.parametrize("path", ["set", "set/shard-{000..001}.tar", "set/shard-*.tar", "set/shard-00?.tar"])
def test_shards_are_named_by_folder_range_or_pattern(tmp_path: Path, path: str) -> None:
    write_tar_shards(tmp_path / "set")
    found = opened(f"a=webdataset:{path}", tmp_path)
    assert {sample.id.rpartition("/")[2]: sample.label for sample in found.samples} == CLASS_OF
    assert [sample.id for sample in found.samples][3:5] == ["shard-000.tar/grey", "shard-001.tar/black"]
    assert [open_sample(sample).getpixel((0, 0)) for sample in found.samples] == list(RGB.values())
    assert found.notes == ()


def test_a_missing_shard_is_an_error_not_a_smaller_set(tmp_path: Path) -> None:
    write_tar_shards(tmp_path / "set")
    with pytest.raises(UserError, match=r"2 of 4 shards are missing: shard-002\.tar, shard-003\.tar"):
        opened("a=webdataset:set/shard-{000..003}.tar", tmp_path)


@pytest.mark.parametrize(
    "path", ["set/x-*.tar", "set/x.tar", "nowhere", "set/shard-{1..0}.tar", "set/s-{0..999999999}.tar"]
)
def test_shards_that_are_not_there_are_one_line(tmp_path: Path, path: str) -> None:
    write_tar_shards(tmp_path / "set")
    with pytest.raises(UserError) as error:
        opened(f"a=webdataset:{path}", tmp_path)
    assert len(error.value.lines) == 1


def test_a_class_is_read_from_cls_json_or_txt(tmp_path: Path) -> None:
    write_tar(
        tmp_path / "a.tar",
        [
            *(("dir/1.jpg", RED), ("dir/1.cls", b"7\n")),
            *(("dir.d/2.input.png", RED), ("dir.d/2.json", b'{"label": "ship", "width": 3}')),
            *(("3.webp", RED), ("3.json", b'{"cls": 4}')),
            *(("4.png", RED), ("4.txt", "größe".encode())),
        ],
    )
    found = opened("webdataset:a.tar", tmp_path)
    assert [(sample.id, sample.label) for sample in found.samples] == [
        ("a.tar/dir/1", "7"),
        ("a.tar/dir.d/2", "ship"),
        ("a.tar/3", "4"),
        ("a.tar/4", "größe"),
    ]


def test_what_is_no_picture_with_a_class_is_noted(tmp_path: Path) -> None:
    write_tar(
        tmp_path / "a.tar",
        [
            *(("1.png", RED), ("1.cls", b"ship"), ("1.pyd", pickle.dumps(1)), ("1.pth", b"x")),
            ("2.png", RED),
            ("3.cls", b"ship"),
            *(("4.png", RED), ("4.json", b"[" * 10_000)),
            *(("5.png", RED), ("5.cls", b"x" * 100_000)),
            ("README", b"hello"),
        ],
    )
    found = opened("webdataset:a.tar", tmp_path)
    assert [sample.id for sample in found.samples] == ["a.tar/1"]
    assert found.notes == (
        "4 keys left out, without an image and a class: a.tar/2, a.tar/3, a.tar/4 and 1 more",
        "other members left out, never read: 1 × no ending, 1 × .pyd, 1 × .pth",
    )


def test_names_that_leave_a_folder_are_only_names(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    write_tar(tmp_path / "set" / "a.tar", [("../../evil.png", BLUE), ("../../evil.cls", b"ship"), ("/etc/x.png", RED)])
    before = sorted(tmp_path.rglob("*"))
    found = opened("webdataset:set/a.tar", tmp_path)
    assert open_sample(found.samples[0]).getpixel((0, 0)) == RGB["blue"]
    assert sorted(tmp_path.rglob("*")) == before


def test_links_in_and_of_archives_lead_nowhere(tmp_path: Path) -> None:
    write_tar_shards(tmp_path / "set")
    file = tmp_path / "set" / "links.tar"
    with tarfile.open(file, "w") as archive:
        for name, kind in (("a.png", tarfile.SYMTYPE), ("b.png", tarfile.LNKTYPE), ("c.png", tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    assert "other members left out, never read: 3 × link or special file" in opened("webdataset:set", tmp_path).notes
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "out.tar").symlink_to(file)
    os.mkfifo(tmp_path / "other" / "pipe.tar")
    for name, part in (("out", "leaves the folder"), ("pipe", "not a regular file")):
        with pytest.raises(UserError, match=f"{name}.tar: cannot be read: .*{part}"):
            opened(f"webdataset:other/{name}.tar", tmp_path)


def test_two_images_of_a_key_need_a_choice(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", [("1.left.png", RED), ("1.right.png", BLUE), ("1.cls", b"ship"), ("1.kind", b"car")])
    with pytest.raises(UserError, match=r"several images: left\.png, right\.png; choose with \?image=left\.png"):
        opened("webdataset:a.tar", tmp_path)
    (sample,) = opened("webdataset:a.tar?image=right.png&label=kind", tmp_path).samples
    assert (open_sample(sample).getpixel((0, 0)), sample.label) == (RGB["blue"], "car")


def test_a_key_that_is_there_twice_is_one_line(tmp_path: Path) -> None:
    one = [("1.png", RED), ("1.cls", b"ship")]
    write_tar(tmp_path / "a.tar", [*one, ("2.png", RED), ("2.cls", b"ship"), *one])
    with pytest.raises(UserError, match=r"1 key twice in a shard: a\.tar/1"):
        opened("webdataset:a.tar", tmp_path)


def test_an_archive_that_is_cut_off_is_one_line_and_later_an_error_of_its_pictures(tmp_path: Path) -> None:
    folder = write_tar_shards(tmp_path / "set")
    found = opened("webdataset:set", tmp_path)
    os.truncate(folder / "shard-001.tar", 600)
    with pytest.raises(UserError, match=r"shard-001\.tar is cut off: .*; fetch it again"):
        opened("webdataset:set", tmp_path)
    with pytest.raises(PictureError, match="has become shorter"):
        open_sample(found.samples[-1])


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("{000..99999}-{0..99999}.tar", "the range {0..99999} must go up, to 100,000 shards at most"),
        ("{5..4}.tar", "the range {5..4} must go up"),
        ("x" * 300, "there is no shard"),
        ("set/a**", "there is no shard"),
        ("gone/*.tar", "there is no shard"),
    ],
    ids=["ten-billion", "down", "too-long", "two-stars", "no-folder"],
)
def test_shards_that_cannot_be_named_are_one_line(tmp_path: Path, path: str, problem: str) -> None:
    write_tar_shards(tmp_path / "set")
    with pytest.raises(UserError, match=re.escape(problem)) as error:
        opened(f"webdataset:{path}", tmp_path)
    assert len(error.value.lines) == 1


def test_two_ranges_name_each_shard(tmp_path: Path) -> None:
    write_tar_shards(tmp_path / "set")
    for number in range(2):
        (tmp_path / "set" / f"shard-{number:03d}.tar").rename(tmp_path / "set" / f"part-{number}-{number + 7:02d}.tar")
    with pytest.raises(UserError, match=r"2 of 4 shards are missing: part-0-08\.tar, part-1-07\.tar"):
        opened("webdataset:set/part-{0..1}-{07..08}.tar", tmp_path)


def test_a_member_of_many_gigabytes_is_not_read(tmp_path: Path) -> None:
    # Of the content that the header claims, the file has a hole.
    header = tarfile.TarInfo("a.png")
    header.size = 1 << 36
    with (tmp_path / "a.tar").open("wb") as stream:
        stream.write(header.tobuf(tarfile.GNU_FORMAT))
        stream.seek(header.size, os.SEEK_CUR)
        label = tarfile.TarInfo("a.cls")
        label.size = 4
        stream.write(label.tobuf() + b"ship".ljust(512, b"\0") + bytes(1024))
    (sample,) = opened("webdataset:a.tar", tmp_path).samples
    with pytest.raises(PictureError, match="it has 68,719,476,736 bytes"):
        open_sample(sample)


def test_what_is_kept_of_a_set_does_not_grow_with_its_pictures(tmp_path: Path) -> None:
    kept = []
    for count in (10, 1000):
        members = [(f"{number}.{end}", b"car") for number in range(count) for end in ("png", "cls")]
        samples = opened(f"webdataset:{write_tar(tmp_path / f'{count:04d}.tar', members)}").samples
        assert samples[-1].id == f"{count:04d}.tar/{count - 1}"
        kept.append(len(pickle.dumps(samples)))
    assert kept[1] < kept[0] + 100


def test_a_shard_with_other_pictures_than_when_it_was_opened_ends_the_run_in_one_line(tmp_path: Path) -> None:
    folder = write_tar_shards(tmp_path / "set")
    found = opened("webdataset:set", tmp_path)
    write_tar(folder / "shard-001.tar", [])
    assert found.samples[0].id.startswith("shard-000.tar/")
    with pytest.raises(UserError, match=r"shard-001.tar has changed since it was opened; run again"):
        found.samples[-1]
