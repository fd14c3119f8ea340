"""The kind `parquet`: files as the Hub exports them, columns by name or type, and files that are damaged."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.flat_colours import RGB
from tests.suites.datasets.layouts import CLASS_OF, opened, parquet_table, png, write_parquet
from tierbench.common.errors import UserError
from tierbench.common.imagenet import imagenet_classes
from tierbench.common.images import PictureError
from tierbench.suites.datasets import open_sample

RED = png("red")


def test_rows_of_all_files_and_row_groups_are_read_where_they_are(tmp_path: Path) -> None:
    write_parquet(tmp_path / "set")
    found = opened("parquet:set@test", tmp_path)
    first, second = "data/test-00000-of-00002.parquet", "data/test-00001-of-00002.parquet"
    assert [sample.id for sample in found.samples] == [f"{first}#{row}" for row in range(4)] + [
        f"{second}#0",
        f"{second}#1",
    ]
    assert [sample.label for sample in found.samples] == list(CLASS_OF.values())
    # In any order, as several processes read them.
    for index in (5, 0, 3, 1, 4, 2):
        sample = pickle.loads(pickle.dumps(found.samples[index]))  # noqa: S301 (our own)
        assert open_sample(sample).getpixel((0, 0)) == list(RGB.values())[index]
    assert [sample.id for sample in found.samples[4:]] == [f"{second}#0", f"{second}#1"]


def test_a_split_is_the_beginning_of_a_name_or_a_folder(tmp_path: Path) -> None:
    write_parquet(tmp_path / "set")
    (tmp_path / "set" / "train").mkdir()
    pq.write_table(parquet_table().slice(0, 1), tmp_path / "set" / "train" / "0.parquet")
    assert len(opened("parquet:set@train", tmp_path).samples) == 1
    assert len(opened("parquet:set@test", tmp_path).samples) == 6
    with pytest.raises(UserError, match=r"has no files FILE\.parquet of this split; its files: data/test-00000"):
        opened("parquet:set@tes", tmp_path)


@pytest.mark.parametrize(
    ("table", "options"),
    [
        (pa.table({"image": [RED], "label": ["ship"]}), ""),
        (pa.table({"img": pa.array([RED], pa.large_binary()), "cls": ["ship"]}), ""),
        (pa.table({"photo": [RED], "label": pa.array(["ship"]).dictionary_encode()}), ""),
        (pa.table({"photo": [RED], "other": [b"x"], "kind": ["ship"]}), "?image=photo&label=kind"),
    ],
    ids=["names", "large", "dictionary", "chosen"],
)
def test_columns_are_found_by_name_type_or_choice(tmp_path: Path, table: pa.Table, options: str) -> None:
    pq.write_table(table, tmp_path / "a.parquet")
    (sample,) = opened(f"parquet:a.parquet{options}", tmp_path).samples
    assert (sample.label, open_sample(sample).size) == ("ship", (32, 32))


def test_a_class_column_of_another_name_is_found_by_its_type(tmp_path: Path) -> None:
    table = parquet_table()
    noted = table.schema.metadata[b"huggingface"].replace(b'"label"', b'"kind"')
    renamed = table.rename_columns(["image", "kind"]).replace_schema_metadata({"huggingface": noted})
    pq.write_table(renamed, tmp_path / "a.parquet")
    assert [sample.label for sample in opened("parquet:a.parquet", tmp_path).samples] == list(CLASS_OF.values())


def test_the_names_of_imagenet_in_their_order_are_its_ids(tmp_path: Path) -> None:
    """Both cranes are called so."""
    table = parquet_table().set_column(1, "label", pa.array([134, 517, 0, 1, 2, 3]))
    noted = json.loads(table.schema.metadata[b"huggingface"])
    noted["info"]["features"]["label"]["names"] = [each.label.partition(",")[0] for each in imagenet_classes()]
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(noted)}), tmp_path / "a.parquet")
    labels = [sample.label for sample in opened("parquet:a.parquet", tmp_path).samples]
    assert labels[:2] == ["n02012849", "n03126707"]


def test_an_id_column_names_the_rows(tmp_path: Path) -> None:
    table = pa.table({"image": [RED] * 2, "label": ["ship"] * 2, "key": [17, 4]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert [sample.id for sample in opened("parquet:a.parquet?id=key", tmp_path).samples] == ["17", "4"]
    pq.write_table(table.set_column(2, "key", pa.array([4, 4])), tmp_path / "a.parquet")
    with pytest.raises(UserError, match="the id '4' is there twice"):
        opened("parquet:a.parquet?id=key", tmp_path)


def test_a_path_is_read_inside_the_folder_only(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "in.png").write_bytes(RED)
    (tmp_path / "out.png").write_bytes(RED)
    (tmp_path / "set" / "link.png").symlink_to(tmp_path / "out.png")
    names = ["in.png", "link.png", "../out.png", str(tmp_path / "out.png"), None]
    image = pa.array(
        [{"bytes": None, "path": name} for name in names], pa.struct({"bytes": pa.binary(), "path": pa.string()})
    )
    pq.write_table(pa.table({"image": image, "label": ["ship"] * 5}), tmp_path / "set" / "a.parquet")
    first, *others = opened("parquet:set", tmp_path).samples
    assert open_sample(first).size == (32, 32)
    for sample in others:
        with pytest.raises(PictureError):
            open_sample(sample)


def _table(**columns: object) -> Callable[[Path], object]:
    return lambda file: pq.write_table(pa.table(columns), file)


@pytest.mark.parametrize(
    ("write", "part"),
    [
        (
            _table(photo=["x"], label=["a"]),
            "has no column named image or img; its columns: photo, label; choose with ?image=",
        ),
        (
            _table(image=[RED], kind=["a"]),
            "has no column named label or labels or cls or class; its columns: image, kind",
        ),
        (_table(image=["x"], label=["a"]), "column 'image' has string, not images"),
        (_table(image=[RED], label=[None]), "row 0: label is 'None', not a class"),
        (_table(image=[RED, RED], label=[0, -1]), "row 1: label is '-1', not a class; choose a split with labels"),
        (_table(image=[RED], label=[0.5]), "row 0: label is '0.5', not a class"),
        (lambda file: file.write_bytes(b"PAR1" + b"\xff" * 100 + b"PAR1"), "cannot be read"),
        (lambda file: file.write_bytes(b""), "cannot be read"),
        (lambda file: None, "cannot be read"),
        (
            _table(image=pa.nulls(1_000_000, pa.binary()), label=pa.array(["a"] * 1_000_000)),
            "claims 1,000,000 pictures in ",
        ),
    ],
    ids=["image", "label", "text", "none", "hidden", "number", "damaged", "empty", "missing", "bomb"],
)
def test_a_file_that_is_no_set_is_one_line(tmp_path: Path, write: Callable[[Path], object], part: str) -> None:
    write(tmp_path / "a.parquet")
    with pytest.raises(UserError) as error:
        opened("parquet:a.parquet", tmp_path)
    (line,) = error.value.lines
    assert line.startswith("data set 'parquet:a.parquet': a.parquet")
    assert part in line


def test_a_class_without_a_name_is_one_line(tmp_path: Path) -> None:
    table = parquet_table().set_column(1, "label", pa.array([0, 1, 2, 3, 4, 0]))
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UserError, match="row 4: label is 4, but the set names 4 classes"):
        opened("parquet:a.parquet", tmp_path)


def test_files_of_two_sets_are_one_line(tmp_path: Path) -> None:
    write_parquet(tmp_path / "set")
    pq.write_table(parquet_table(["ship", "truck", "airplane", "automobile"]), tmp_path / "set" / "a.parquet")
    with pytest.raises(UserError, match=r"00000-of-00002\.parquet: has other classes than a\.parquet; name one set"):
        opened("parquet:set", tmp_path)


def test_a_damaged_row_group_is_an_error_of_its_pictures(tmp_path: Path) -> None:
    folder = write_parquet(tmp_path / "set")
    found = opened("parquet:set", tmp_path)
    file = folder / "data" / "test-00000-of-00002.parquet"
    content = bytearray(file.read_bytes())
    # The header of the first page of images, which follows the four bytes that a file begins with.
    content[5:25] = b"\xff" * 20
    file.write_bytes(content)
    with pytest.raises(PictureError):
        open_sample(found.samples[0])
    assert open_sample(found.samples[5]).size == (32, 32)


def test_a_path_that_is_too_long_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read") as error:
        opened(f"parquet:{'x' * 300}", tmp_path)
    assert len(error.value.lines) == 1


def test_a_row_group_that_unpacks_to_gigabytes_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tierbench.suites.datasets.parquet_source._MOST_UNPACKED", 1 << 20)
    images = [{"bytes": bytes(1 << 20), "path": "0.png"}, {"bytes": None, "path": ""}]
    pq.write_table(pa.table({"image": images, "label": ["cat", "dog"]}), tmp_path / "a.parquet", compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 10_000
    with pytest.raises(PictureError, match=r"column image unpacks to 1,048,.* bytes in a row group"):
        open_sample(opened("parquet:a.parquet", tmp_path).samples[0])


def test_what_is_kept_of_a_set_does_not_grow_with_its_rows(tmp_path: Path) -> None:
    kept = []
    for rows in (100, 10_000):
        file = tmp_path / f"{rows:06d}.parquet"
        columns = {"image": [b""] * rows, "label": ["car"] * rows, "name": [f"picture {row}" for row in range(rows)]}
        pq.write_table(pa.table(columns), file, row_group_size=rows // 4)
        samples = opened(f"parquet:{file}?id=name").samples
        assert samples[-1].id == f"picture {rows - 1}"
        kept.append(len(pickle.dumps(samples)))
    assert kept[1] < kept[0] + 100


def test_a_file_with_other_rows_than_when_it_was_opened_ends_the_run_in_one_line(tmp_path: Path) -> None:
    folder = write_parquet(tmp_path / "set")
    found = opened("parquet:set", tmp_path)
    file = folder / "data" / "test-00000-of-00002.parquet"
    pq.write_table(pq.read_table(file).slice(0, 1), file)
    with pytest.raises(UserError, match=r"test-00000-of-00002.parquet: has changed since it was opened; run again"):
        found.samples[0]
