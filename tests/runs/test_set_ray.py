"""Data sets on Ray: a cluster of this machine, one of whose processes is killed, gives the rows of the plain path."""

from __future__ import annotations

import io
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from PIL import Image

from tierbench.common.errors import UserError
from tierbench.runs.ray_cluster import RayCluster, ray_cluster
from tierbench.runs.set_parts import SetParts

pytest.importorskip("ray", reason="Ray is not installed (the extra ray)")

COLOURS = ("red", "green", "blue")
# Sees the mean colour. A black picture kills its process; so does a second batch, once, where the run names a file.
MODEL = """\
import os, signal
import numpy as np


class Mean:
    labels = ("red", "green", "blue")
    fingerprint = "mean-1"
    calls = 0

    def describe(self):
        return {}

    def predict(self, images):
        self.calls += 1
        if self.calls == 2 and "KILLED_ONCE" in os.environ:
            try:
                os.close(os.open(os.environ["KILLED_ONCE"], os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        if not all(image.getbbox() for image in images):
            os.kill(os.getpid(), signal.SIGKILL)
        logits = np.array([np.asarray(image).reshape(-1, 3).mean(axis=0) / 32 for image in images])
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the model, and a set of 24 pictures in three classes, one of which cannot be read."""
    (tmp_path / "mean_colour.py").write_text(MODEL, encoding="utf-8")
    random = np.random.default_rng(20261126)
    for index, colour in enumerate(COLOURS):
        folder = tmp_path / "set" / colour
        folder.mkdir(parents=True)
        for number in range(8):
            pixels = random.integers(0, 200, (12, 16, 3))
            pixels[..., index] += 30
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    (tmp_path / "set" / "green" / "3.png").write_bytes(b"no picture")
    return tmp_path


def evaluate(
    home: Path, out: str, *arguments: str, sets: Sequence[str] = ("set=imagefolder:set",), **environment: str
) -> dict[str, object]:
    command = [sys.executable, "-m", "tierbench", "evaluate", "mean=python:mean_colour:Mean"]
    command += [argument for each in sets for argument in ("--dataset", each)]
    command += ["--out", out, "--batch-size", "2", "--json", *arguments]
    path = os.pathsep.join(filter(None, (str(home), *map(os.path.abspath, sys.path))))
    env = {**os.environ, "PYTHONPATH": path, "HOME": str(home), **environment}
    ended = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, object] = json.loads(ended.stdout.splitlines()[0])
    return found


def rows(home: Path, out: str) -> pd.DataFrame:
    return SetParts(home / out / "set" / "mean").read()


def left_behind(mark: str) -> Iterator[int]:
    """Yield the processes that a run has started, by its mark in their environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                yield int(folder.name)
        except OSError:
            continue


def ends(process: int) -> bool:
    """Return whether a process that was asked to end does so."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 20)[0])
    finally:
        os.close(handle)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="looks for processes as Linux shows them")
def test_a_killed_process_and_a_resumed_run_give_the_rows_of_the_plain_path(home: Path) -> None:
    plain = evaluate(home, "plain", "--processes", "0")
    whole = rows(home, "plain")
    # What a run that was stopped after eight pictures leaves.
    begun = home / "on-ray" / "set" / "mean"
    shutil.copytree(home / "plain" / "set" / "mean", begun)
    part = begun / "part-000000.parquet"
    parquet.write_table(parquet.read_table(part).slice(0, 8), part)
    first = part.read_bytes()

    mark = uuid.uuid4().hex
    found = evaluate(home, "on-ray", "--ray", "local", "--scorers", "2", KILLED_ONCE=str(home / "killed"), MARK=mark)

    assert (home / "killed").exists()
    assert found == plain
    assert part.read_bytes() == first
    ids = [name for file in begun.glob("*.parquet") for name in parquet.read_table(file)["id"].to_pylist()]
    assert sorted(ids) == whole["id"].tolist()
    exact = ["id", "slice", "label", "group", "predicted", "rank", "correct", "error"]
    resumed = rows(home, "on-ray")
    assert resumed[exact].to_dict("records") == whole[exact].to_dict("records")
    assert resumed["confidence"].to_numpy() == pytest.approx(whole["confidence"].to_numpy(), abs=1e-5)
    (broken,) = resumed.loc[resumed["error"] != "", "id"]
    assert broken == "green/3.png"
    assert [process for process in left_behind(mark) if not ends(process)] == []
    assert not (home / ".ray").exists()


def write_packed(home: Path) -> None:
    """Write the pictures of the set again: as two Parquet files, and as two tar shards."""
    files = sorted((home / "set").glob("*/*.png"))
    for number in range(2):
        own = files[number::2]
        columns = {"image": [file.read_bytes() for file in own], "label": [file.parent.name for file in own]}
        (home / "parquet").mkdir(exist_ok=True)
        parquet.write_table(pa.table(columns), home / "parquet" / f"{number}.parquet", row_group_size=5)
        (home / "tars").mkdir(exist_ok=True)
        with tarfile.open(home / "tars" / f"{number}.tar", "w") as archive:
            for index, file in enumerate(own):
                archive.add(file, f"{index}.png")
                label = tarfile.TarInfo(f"{index}.cls")
                label.size = len(file.parent.name)
                archive.addfile(label, io.BytesIO(file.parent.name.encode()))


@pytest.mark.slow
def test_sets_that_are_listed_on_two_machines_give_the_rows_of_the_plain_path(home: Path) -> None:
    write_packed(home)
    sets = ("p=parquet:parquet", "t=webdataset:tars")
    evaluate(home, "plain", "--processes", "0", sets=sets)
    # What a run that was stopped after eight pictures of the Parquet files leaves.
    begun = shutil.copytree(home / "plain" / "p" / "mean", home / "on-ray" / "p" / "mean")
    part = begun / "part-000000.parquet"
    parquet.write_table(parquet.read_table(part).slice(0, 8), part)
    with two_machines(home) as address:
        evaluate(home, "on-ray", "--ray", address, "--scorers", "2", sets=sets)
    exact = ["id", "slice", "label", "group", "predicted", "rank", "correct", "error"]
    for name in ("p", "t"):
        plain, found = (SetParts(home / out / name / "mean").read() for out in ("plain", "on-ray"))
        assert len(plain) == 24
        assert found[exact].to_dict("records") == plain[exact].to_dict("records")
        assert found["confidence"].to_numpy() == pytest.approx(plain["confidence"].to_numpy(), abs=1e-5)


@contextmanager
def two_machines(home: Path) -> Iterator[str]:
    """Start a cluster of two nodes of one core, and yield the address of its head."""
    from ray.cluster_utils import Cluster

    # A node answers to the signal itself from then on.
    handler = signal.getsignal(signal.SIGTERM)
    # Ray gives its processes the environment of this one; the model is found by it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(home), *map(os.path.abspath, sys.path)))))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        try:
            cluster.add_node(num_cpus=1)
            yield cluster.address
        finally:
            cluster.shutdown()
            signal.signal(signal.SIGTERM, handler)


@pytest.mark.slow
def test_a_picture_that_kills_every_process_is_an_error_row(home: Path) -> None:
    for folder in ("green", "blue"):
        shutil.rmtree(home / "set" / folder)
    Image.new("RGB", (16, 12)).save(home / "set" / "red" / "0.png")
    found = evaluate(home, "out", "--ray", "local", "--scorers", "2")
    assert (found["n"], found["errors"]) == (8, 1)
    whole = rows(home, "out").set_index("id")
    assert whole.loc["red/0.png", "error"] == "the process that took the picture was killed 3 times"
    assert whole.loc["red/1.png", "correct"]


@pytest.mark.parametrize("address", ["somewhere", "ray://localhost:10001", ":6379", "localhost:head"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="is no address; give local, or host:port"), ray_cluster(address):
        pytest.fail("there is no such cluster")


def test_an_address_where_nothing_answers_is_refused_at_once() -> None:
    with pytest.raises(UserError, match=r"no cluster answers .*ray start --head"), ray_cluster("127.0.0.1:1"):
        pytest.fail("there is no such cluster")


@pytest.mark.parametrize("gpus", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("scorers", [1, 2, 4, 8])
@pytest.mark.parametrize("cores", [1.0, 2.0, 3.0, 16.0])
def test_scorers_and_at_least_one_reader_fit_on_every_cluster(cores: float, scorers: int, gpus: float) -> None:
    cluster = RayCluster(cores, gpus, scorers)
    asked = (
        scorers * cluster.scorer_resources()["num_cpus"] + cluster.readers() * cluster.reader_resources()["num_cpus"]
    )
    assert asked <= cores
    assert scorers * cluster.scorer_resources()["num_gpus"] <= gpus
    assert cluster.readers() >= 1
