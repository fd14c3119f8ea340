"""The composite action and the GitLab template: every script runs, the verdict is shown, the exit code is pytest's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.ci_steps import ACTION, TEMPLATE, ActionRunner, environment_without_tierbench, gitlab_job
from tests.code_hosts import GitHubHost, GitLabHost, served
from tests.conftest import REPOSITORY, Bench

ARCHIVE = "https://github.com/octo/models/actions/runs/17/artifacts/4"
PASSING = "file_name,label,tier,tags\nred.png,automobile,1,\nblack.png,automobile,2,night\n"
FAILING = PASSING.replace("red.png,automobile", "red.png,ship")
MARKER = "<!-- tierbench: tier1 -->\n"


INSTALL = "Install tierbench"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of an environment that the action installed tierbench into: the commit that it is of."""
    folder = tmp_path_factory.mktemp("job")
    variables = environment_without_tierbench(folder / "environment")
    ended = ActionRunner(folder, variables).run(only=INSTALL, extras="reference")
    assert ended.code == 0, ended.log
    (installed,) = folder.glob("environment/lib/python*/site-packages/tierbench-*.dist-info")
    assert json.loads((installed / "direct_url.json").read_text("utf-8"))["url"] == REPOSITORY.as_uri()
    return variables


@pytest.fixture
def cars(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A repository with the cache of predictions of an earlier job, and its baseline: no process needs torch."""
    monkeypatch.setenv("TIERBENCH_CACHE", str(bench.path / ".tierbench" / "cache"))
    bench.suite("cars", PASSING)
    assert bench.run("-m", "tier1", "--robust-update-baseline").code == 0
    shutil.rmtree(bench.runs[0])
    return bench


@pytest.mark.slow
def test_the_action_comments_and_ends_as_pytest_does(cars: Bench, environment: dict[str, str]) -> None:
    workspace = cars.path
    event = cars.file("event.json", json.dumps({"pull_request": {"number": 7}}))
    with served(GitHubHost()) as host:
        variables = {
            **environment,
            "GITHUB_API_URL": host.url,
            "GITHUB_REPOSITORY": "octo/models",
            "GITHUB_EVENT_PATH": str(event),
        }
        runner = ActionRunner(workspace, variables, {"actions/upload-artifact@v4": {"artifact-url": ARCHIVE}})
        passed = runner.run(without=INSTALL, arguments='-m "tier1 and not night"\n--robust-require-baseline')
        assert passed.code == 0, passed.log
        assert passed.outputs == {"exit-code": "0", "report": ARCHIVE}
        assert passed.summary.startswith("<!-- tierbench summary -->")
        ((author, body),) = host.comments
        assert author == "github-actions[bot]"
        assert body.startswith(MARKER)
        assert "**Passed: " in body
        assert f"(<{ARCHIVE}>)" in body
        uploaded = workspace / passed.used["actions/upload-artifact@v4"]["path"]
        assert {"summary.md", "junit.xml", "report"} == {path.name for path in uploaded.iterdir()}
        assert (uploaded / "report" / "report.html").is_file()
        restored, saved = (passed.used[f"actions/cache/{what}@v4"] for what in ("restore", "save"))
        assert restored["key"] == saved["key"] == f"{restored['restore-keys']}17-1"
        assert restored["path"] == saved["path"]
        assert workspace / saved["path"].split()[0] == Path(os.environ["TIERBENCH_CACHE"])
        assert "1 of 2 predictions cached" in passed.log

        # A fork's pull request that breaks a picture: the summary is written, the comment stays.
        cars.suite("cars", FAILING)
        host.read_only = True
        failed = runner.run(without=INSTALL, arguments="-m tier1")
        assert (failed.code, failed.outputs["exit-code"]) == (1, "1")
        assert "`cars/red`" in failed.summary
        assert failed.log.count("comment left out: GitHub answered 403") == 1
        assert host.comments == [(author, body)]

        # A wrong option, and a quote without an end: the old verdict must not stay.
        host.read_only = False
        for arguments, key in (("--robust-gate=mood", ""), ("-m tier1 'never closed", "tier1")):
            wrong = runner.run(without=INSTALL, arguments=arguments, key=key)
            assert (wrong.code, wrong.outputs["exit-code"]) == (4, "4")
            assert wrong.summary == "There is no summary: pytest ended with exit code 4. The log says why.\n"
            ((_, body),) = host.comments
            assert "**Not judged: there is no record of a run; pytest ended with exit code 4." in body
        assert wrong.log.startswith("the input arguments cannot be split: a quote is not closed\n")
        # A key that names another folder, and arguments that are a command.
        before = sorted(path.name for path in workspace.iterdir())
        assert runner.run(without=INSTALL, key="..").code == 4
        assert runner.run(without=INSTALL, arguments="--version; touch here $(touch there)", comment="false").code == 4
        assert sorted(path.name for path in workspace.iterdir()) == before
        assert len(host.comments) == 1


@pytest.mark.slow
def test_the_job_of_the_template_notes_and_ends_as_pytest_does(cars: Bench, environment: dict[str, str]) -> None:
    cars.suite("cars", FAILING)
    with served(GitLabHost()) as host:
        variables = {
            **environment,
            "CI_API_V4_URL": host.url,
            "CI_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_JOB_URL": "https://gitlab.com/octo/models/-/jobs/17",
            "GITLAB_TOKEN": "mine",
        }
        # It is installed already, and from a repository it would be built again.
        ended = gitlab_job(cars.path, variables, package="tierbench", arguments='-m "tier1 and not night"')
        assert ended.returncode == 1, ended.stderr
        ((_, body),) = host.comments
        assert body.startswith("<!-- tierbench: tierbench -->\n")
        assert "**Failed: " in body
        assert "(<https://gitlab.com/octo/models/-/jobs/17/artifacts/download>)" in body
    left = {path.name for path in (cars.path / "tierbench-report").iterdir()}
    assert left == {"summary.md", "junit.xml", "report"}


def test_the_template_uploads_what_the_job_leaves() -> None:
    _, job = yaml.safe_load_all(TEMPLATE.read_text(encoding="utf-8"))
    (settings,) = job.values()
    assert settings["artifacts"]["reports"]["junit"] == "tierbench-report/junit.xml"
    assert settings["artifacts"]["paths"] == ["tierbench-report"]
    assert settings["artifacts"]["when"] == settings["cache"]["when"] == "always"


def test_the_action_uses_what_the_workflows_use() -> None:
    workflows = "".join(file.read_text(encoding="utf-8") for file in (REPOSITORY / ".github" / "workflows").iterdir())
    action = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
    for step in action["runs"]["steps"]:
        if "uses" in step:
            assert step["uses"] in workflows
        else:
            assert subprocess.run(["bash", "-n", "-c", step["run"]], check=False).returncode == 0


def test_every_input_is_documented() -> None:
    page = (REPOSITORY / "docs" / "pull-requests.md").read_text(encoding="utf-8")
    action = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
    spec, _ = yaml.safe_load_all(TEMPLATE.read_text(encoding="utf-8"))
    for name in {*action["inputs"], *action["outputs"], *spec["spec"]["inputs"]}:
        assert f"`{name}`" in page
