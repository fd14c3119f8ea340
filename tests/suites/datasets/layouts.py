"""Local stand-ins of the layouts that data sets are published in: six flat colours, each a picture of a class."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.flat_colours import RGB, flat
from tierbench.suites.datasets import DataSet, SetSpec, open_data_set

# What each colour is a picture of. Two are missed by the model, which says airplane of black and ship of grey and blue.
CLASS_OF = {
    "red": "automobile",
    "green": "truck",
    "blue": "ship",
    "grey": "airplane",
    "black": "ship",
    "orange": "automobile",
}
CLASSES = ("airplane", "automobile", "ship", "truck")


def opened(text: str, root: Path = Path("/")) -> DataSet:
    """Open a data set as the option names it."""
    return open_data_set(SetSpec.parse(text), root)


def png(colour: str, edge: int = 32) -> bytes:
    """Return an image file of one colour."""
    stream = io.BytesIO()
    flat(colour, (edge, edge)).save(stream, "PNG")
    return stream.getvalue()


def write_class_folders(folder: Path, edge: int = 32) -> Path:
    for colour, name in CLASS_OF.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f"{colour}.png").write_bytes(png(colour, edge))
    return folder


def write_metadata(folder: Path) -> Path:
    folder.mkdir(parents=True)
    rows = ["file_name,label", *(f"{colour}.png,{name}" for colour, name in CLASS_OF.items())]
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for colour in CLASS_OF:
        (folder / f"{colour}.png").write_bytes(png(colour))
    return folder


def write_corrupted_folders(
    folder: Path, corruptions: Sequence[str] = ("fog", "snow"), severities: Sequence[int] = (1, 2, 3, 4, 5)
) -> Path:
    for name in corruptions:
        for severity in severities:
            write_class_folders(folder / name / str(severity), 224)
    return folder


def write_cifar_arrays(folder: Path, corruptions: Sequence[str] = ("fog", "snow")) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pictures = np.stack([np.asarray(flat(colour, (32, 32))) for colour in CLASS_OF] * 5)
    for name in corruptions:
        np.save(folder / f"{name}.npy", pictures)
    # Indices of CIFAR-10: airplane, automobile, ship and truck are 0, 1, 8 and 9.
    index = {"airplane": 0, "automobile": 1, "ship": 8, "truck": 9}
    np.save(folder / "labels.npy", np.array([index[name] for name in CLASS_OF.values()] * 5, dtype=np.uint8))
    return folder


def parquet_table(names: Sequence[str] = CLASSES) -> pa.Table:
    """Return the table that the Hub's library writes: images as bytes and a path, classes as numbers, names beside."""
    image = [{"bytes": png(colour), "path": f"{colour}.png"} for colour in RGB]
    label = [list(names).index(CLASS_OF[colour]) for colour in RGB]
    features = {"image": {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
    table = pa.table({"image": image, "label": label})
    return table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def write_parquet(folder: Path) -> Path:
    """Write two files, with two row groups in the first."""
    (folder / "data").mkdir(parents=True)
    table = parquet_table()
    pq.write_table(table.slice(0, 4), folder / "data" / "test-00000-of-00002.parquet", row_group_size=2)
    pq.write_table(table.slice(4), folder / "data" / "test-00001-of-00002.parquet")
    return folder


def write_tar(file: Path, members: Sequence[tuple[str, bytes]], form: int = tarfile.GNU_FORMAT) -> Path:
    """Write an archive of files."""
    with tarfile.open(file, "w", format=form) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file


def write_tar_shards(folder: Path) -> Path:
    folder.mkdir(parents=True)
    colours = list(CLASS_OF)
    for number, part in enumerate((colours[:4], colours[4:])):
        members = [
            member
            for colour in part
            for member in ((f"{colour}.png", png(colour)), (f"{colour}.cls", CLASS_OF[colour].encode()))
        ]
        write_tar(folder / f"shard-{number:03d}.tar", members)
    return folder


def write_objectnet(folder: Path) -> Path:
    """Write the layout of ObjectNet: pictures with a red border of 2 px, and two classes that the model has."""
    (folder / "mappings").mkdir(parents=True)
    titles = {"plane_or_ship": "Plane or ship", "car": "Car", "lorry": "Lorry", "fork": "Fork"}
    labels = {"Plane or ship": "airplane; ship", "Car": "automobile", "Lorry": "truck"}
    (folder / "mappings" / "folder_to_objectnet_label.json").write_text(json.dumps(titles), encoding="utf-8")
    (folder / "mappings" / "objectnet_to_imagenet_1k.json").write_text(json.dumps(labels), encoding="utf-8")
    pictures = {"blue": "plane_or_ship", "grey": "plane_or_ship", "orange": "car", "green": "lorry", "black": "fork"}
    for colour, name in pictures.items():
        (folder / "images" / name).mkdir(parents=True, exist_ok=True)
        picture = flat("red", (36, 36))
        picture.paste(flat(colour, (32, 32)), (2, 2))
        picture.save(folder / "images" / name / f"{colour}.png")
    return folder
