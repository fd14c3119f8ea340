"""Models on the Hub, through the real client: private ones, revisions, the cache, and error messages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import STUDY, Bench, write_suite
from tests.models.hub_server import REPO, TOKEN, commit_of, hub
from tests.zero_shot_models import save_zero_shot
from tierbench import load_classifier
from tierbench.runs.record import to_json

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def revisions(colour_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """`v2` is the model; `main` lacks the names of its classes; `pickled` is a pickle; `clip` is a CLIP."""
    top = tmp_path_factory.mktemp("hub")
    for name in ("main", "v2", "pickled"):
        shutil.copytree(colour_model, top / name)
    config = json.loads((top / "main" / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = {str(index): f"LABEL_{index}" for index in range(4)}
    (top / "main" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (top / "pickled" / "model.safetensors").rename(top / "pickled" / "pytorch_model.bin")
    save_zero_shot(top / "clip")
    # A vocabulary that is not JSON must be asked for by its name.
    (top / "clip" / "tokenizer.json").rename(top / "clip" / "vocab.txt")
    return {name: top / name for name in ("main", "v2", "pickled", "clip")}


@pytest.fixture
def hub_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder for the client's cache and token; the client is online."""
    home = tmp_path / "hf-home"
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(home))
    return home


@pytest.fixture
def private_hub(
    revisions: Mapping[str, Path], hub_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mapping[str, Path]]:
    with hub(revisions) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        yield revisions


def check(folder: Path, spec: str) -> tuple[int, list[str]]:
    """Check the labels of a model in a separate process; return the exit code and the lines of output."""
    suite = write_suite(folder / "cases" / "study", STUDY)
    command = [sys.executable, "-m", "tierbench", "check", str(suite), "--model", spec]
    answer = subprocess.run(
        command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=60, check=False
    )
    text = answer.stdout + answer.stderr
    assert "Traceback" not in text
    assert TOKEN not in text
    return answer.returncode, text.splitlines()


def test_a_private_model_runs_and_runs_again_from_the_cache_when_the_hub_is_gone(
    study: Bench, revisions: Mapping[str, Path], hub_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ("--robust-model", f"mine={REPO}@v2", "-m", "tier1")
    with hub(revisions) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        answer = study.run_process(*model)
    assert answer.code == 0
    assert TOKEN not in answer.text
    record = study.record()
    assert record.run.models[0].spec == f"{REPO}@v2"
    assert record.run.models[0].fingerprint == load_classifier(str(revisions["v2"])).fingerprint
    assert record.run.models[0].level == 1
    assert TOKEN not in to_json(record.run)
    # The server is gone, and so is the token.
    monkeypatch.delenv("HF_TOKEN")
    assert study.run_process(*model).code == 0
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert study.run_process(*model).code == 0


def test_the_token_of_hf_auth_login_opens_a_private_model_at_a_commit(
    private_hub: Mapping[str, Path], hub_home: Path, tmp_path: Path
) -> None:
    hub_home.mkdir()
    (hub_home / "token").write_text(TOKEN + "\n", encoding="utf-8")
    code, lines = check(tmp_path, f"{REPO}@{commit_of('v2')}")
    assert code == 0
    assert any(line.startswith("study: 3 cases, no problem") for line in lines)
    snapshots = hub_home / "hub" / "models--acme--colours" / "snapshots"
    assert [folder.name for folder in snapshots.iterdir()] == [commit_of("v2")]


@pytest.mark.usefixtures("private_hub")
def test_a_zero_shot_model_comes_with_its_vocabulary(
    hub_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    code, lines = check(tmp_path, f"{REPO}@clip")
    assert code == 1
    # It was opened as what it is: the study has one concept only.
    assert lines[0].startswith(
        "suite 'study': its only concept is 'automobile', and the zero-shot model 'colours' would"
    )
    (snapshot,) = (hub_home / "hub" / "models--acme--colours" / "snapshots").iterdir()
    assert (snapshot / "vocab.txt").is_file()


@pytest.mark.parametrize(
    ("spec", "token", "message"),
    [
        (REPO, "", "the Hub does not show such a model; check the name, and for a private or gated model the token"),
        (REPO, "hf_wrong", "the Hub does not show such a model"),
        ("acme/nothing", TOKEN, "the Hub does not show such a model"),
        (f"{REPO}@v9", TOKEN, "on the Hub it has no revision 'v9'; name a branch, a tag or a commit"),
        (
            REPO,
            TOKEN,
            "its labels are only LABEL_0 to LABEL_3, which no suite can expect; write the names of the classes",
        ),
        (f"{REPO}@pickled", TOKEN, "has no weights (model.safetensors)"),
    ],
    ids=["no token", "wrong token", "no such model", "no such revision", "no labels", "pickle only"],
)
def test_a_model_that_cannot_be_downloaded_is_one_line(
    private_hub: Mapping[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spec: str,
    token: str,
    message: str,
) -> None:
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    code, lines = check(tmp_path, spec)
    found = [line for line in lines if message in line]
    assert len(found) == 1, lines
    assert repr(spec) in found[0]
    assert code in (1, 4)


def test_a_hub_that_cannot_be_reached_is_one_line(
    hub_home: Path, tmp_path: Path, revisions: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "the Hub cannot be reached and the cache lacks some of its files"
    with hub(revisions, broken=True) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        assert any(message in line for line in check(tmp_path, REPO)[1])
    # Now the server is gone.
    assert any(message in line for line in check(tmp_path, REPO)[1])
