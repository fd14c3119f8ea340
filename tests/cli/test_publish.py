"""`tierbench publish` to MLflow and Weights & Biases, whose own libraries read back what a run had."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Answer
from tests.published_run import ROWS, RUN
from tests.runs.records import write
from tests.wandb_file import records

Command = Callable[..., Answer]


@pytest.fixture
def reports(workplace: Path) -> Path:
    write(workplace / "reports", 1, ROWS, **RUN)
    return workplace / "reports"


@pytest.fixture
def store(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Point MLflow to a folder of its own; the variables that the command sets are taken back, too."""
    pytest.importorskip("mlflow")
    uri = (workplace / "tracked").as_uri()
    values = {"TRACKING_URI": uri, "ALLOW_FILE_STORE": "true", "HTTP_REQUEST_MAX_RETRIES": "0"}
    for name, value in {**values, "DISABLE_TELEMETRY": "true"}.items():
        monkeypatch.setenv(f"MLFLOW_{name}", value)
    return uri


def tracked(store: str, experiment: str = "tierbench") -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(store)
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return sorted(client.search_runs([found.experiment_id]), key=lambda run: str(run.info.run_name))


def test_mlflow_has_the_figures_of_each_model_once(reports: Path, tierbench: Command, store: str) -> None:
    answer = tierbench("publish", "last", "--to", "mlflow")
    assert (answer.code, answer.err) == (0, "")
    first, second = tracked(store)
    assert answer.out.splitlines()[0].endswith(f"metrics, run {first.info.run_id} in {store}")
    expected = {
        "level": 1,
        "photos/tier1/pass_rate": 0.75,
        "photos/tier1/passed": 3,
        "photos/tier1/ece": 0.125,
        "photos/tier2/pass_rate": 0.5,
        "photos/ladder/fog_car/half_point": 27.5,
        "photos/ladder/fog_car/half_low": 25,
        "photos/slice/fog/3/pass_rate": 0.5,
        "photos/mce": 71.25,
        "set/birds/accuracy": 0.7,
        "set/birds/slice/_b___warning _x_../accuracy": 0.25,
        "baseline/regressed": 1,
        "baseline/fixed": 0,
    }
    assert {name: first.data.metrics.get(name) for name in expected} == expected
    assert "photos/mce" not in second.data.metrics
    assert {name: first.data.params[name] for name in ("model", "fingerprint", "version.torch", "suite.photos")} == {
        "model": "model",
        "fingerprint": "f1",
        "version.torch": "2",
        "suite.photos": "d1",
    }
    assert first.data.tags["mlflow.source.git.commit"] == first.data.tags["tierbench.commit"] == "c" * 40
    assert (first.info.status, first.info.end_time - first.info.start_time) == ("FINISHED", 12_500)

    from mlflow import MlflowClient

    client = MlflowClient(store)
    names = [each.path for each in client.list_artifacts(first.info.run_id)]
    assert names == ["report.html", "run.json", "scores.csv"]
    # Published again, nothing is there twice.
    again = tierbench("publish", "last", "--to", "mlflow", "--no-files")
    assert again.out.startswith("updated ")
    assert [run.info.run_id for run in tracked(store)] == [first.info.run_id, second.info.run_id]
    assert len(client.get_metric_history(first.info.run_id, "level")) == 1


def test_mlflow_gets_a_run_that_stopped_as_such(workplace: Path, tierbench: Command, store: str) -> None:
    write(workplace / "reports", 1, ROWS, complete=False, report=False, **RUN)
    assert tierbench("publish", "last", "--to", "mlflow", "--model", "other", "--project", "night").code == 0
    (run,) = tracked(store, "night")
    assert (run.info.status, run.data.tags["tierbench.complete"]) == ("KILLED", "false")


class _Forbidden(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        refusal = {"error_code": "PERMISSION_DENIED", "message": "token s3cret may not read\n  at Java"}
        body = json.dumps(refusal).encode()
        self.send_response(403)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@contextmanager
def forbidding_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Forbidden)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_what_keeps_mlflow_from_taking_a_run_is_one_line_without_secrets(
    reports: Path, tierbench: Command, store: str, monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    def refused(uri: str) -> str:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        answer = tierbench("publish", "last", "--to", "mlflow")
        assert (answer.code, answer.out, answer.err.count("\n")) == (4, "", 1)
        assert answer.err.startswith("error: --to mlflow: ")
        assert "s3cret" not in answer.err
        assert "s3cr3t" not in answer.err
        return answer.err

    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "s3cret")
    with forbidding_server() as place:
        assert "PERMISSION_DENIED: token … may not read" in refused(f"http://{place}")
    assert "Connection refused" in refused(f"http://anna:s3cret@{place}")
    (workplace / "file").touch()
    assert "Not a directory" in refused((workplace / "file" / "store").as_uri())
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    assert "is a database, which needs the whole of MLflow: run pip install mlflow" in refused(
        "postgresql://anna:s3cr3t@host/db"
    )
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert refused(store).endswith("mlflow must be installed; run pip install 'tierbench[mlflow]'\n")


def wandb_command(reports: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own: wandb reads the environment once."""
    home = str(reports.parent)
    own = dict.fromkeys(("HOME", "WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"), home)
    known = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    return subprocess.run(
        [sys.executable, "-m", "tierbench", "publish", "last", "--to", "wandb", *arguments],
        cwd=reports.parent,
        env={**known, **own, "NETRC": f"{home}/netrc", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_wandb_writes_the_same_figures_offline(reports: Path) -> None:
    pytest.importorskip("wandb")
    answer = wandb_command(reports, "--model", "model", "--project", "night", WANDB_MODE="offline")
    assert (answer.returncode, answer.stderr) == (0, "")
    (file,) = (reports.parent / "wandb").glob("offline-run-*/*.wandb")
    assert file.parent.name in answer.stdout
    found = {record.WhichOneof("record_type"): record for record in records(file)}
    items = found["history"].history.item
    logged = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
    assert (logged["photos/tier1/pass_rate"], logged["photos/mce"]) == (0.75, 71.25)
    assert logged["photos/ladder/fog_car/half_point"] == 27.5
    run = found["run"].run
    config = {item.key: json.loads(item.value_json) for item in run.config.update}
    assert (run.project, run.run_group) == ("night", next(reports.glob("2026*")).name)
    assert (config["fingerprint"], config["tierbench.commit"]) == ("f1", "c" * 40)
    artifact = found["artifact"].artifact
    assert [entry.path for entry in artifact.manifest.contents] == ["report.html", "run.json", "scores.csv"]
    # Nothing about this machine or its user goes along.
    assert found["run"].run.host == ""
    assert not list(file.parent.glob("files/wandb-metadata.json"))


def test_wandb_without_a_key_is_one_line(reports: Path) -> None:
    pytest.importorskip("wandb")
    answer = wandb_command(reports)
    assert (answer.returncode, answer.stdout) == (4, "")
    assert answer.stderr.startswith("error: --to wandb: No API key configured")
    assert answer.stderr.endswith("or write the run to disk with WANDB_MODE=offline\n")
    assert answer.stderr.count("\n") == 1
