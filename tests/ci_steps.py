"""Run the steps of a composite action as GitHub's runner does, as far as ours uses it, and those of a GitLab job."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import REPOSITORY

ACTION = REPOSITORY / ".github" / "actions" / "tierbench"
TEMPLATE = REPOSITORY / ".gitlab" / "tierbench.yml"
# Seconds for a script, which installs and runs pytest several times; a machine may be busy with other tests.
_LIMIT = 600


def environment_without_tierbench(folder: Path) -> dict[str, str]:
    """Make an environment that lacks only tierbench, and return its variables; pip uses no network there."""
    venv.create(folder, symlinks=True)
    site = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    here = Path(sysconfig.get_path("purelib"))
    (Path(site) / "here.pth").write_text(f"{here}\n", encoding="utf-8")
    pytest = folder / "bin" / "pytest"
    pytest.write_text(f'#!/bin/sh\nexec "{folder}/bin/python" -m pytest "$@"\n', encoding="utf-8")
    pytest.chmod(0o755)
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), variables["PATH"]])
    # The last makes pip build without an environment of its own: for a switch that begins with `no`, 0 says yes.
    return {**variables, "PATH": path, "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}


@dataclass
class Ended:
    """How a job ended.

    Attributes:
        code: exit code of the first step that failed; 0 without one.
        log: what the steps wrote.
        used: name of an action → its inputs, for those that other people wrote.
        outputs: of the action.
        summary: of the job's page.
    """

    code: int = 0
    log: str = ""
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass
class ActionRunner:
    """Runs the action in a workspace.

    Args:
        workspace: the repository that is tested.
        variables: those of the process.
        answers: name of an action of other people → its outputs.
    """

    workspace: Path
    variables: Mapping[str, str]
    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    action: Any = field(default_factory=lambda: yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8")))

    def run(self, *, without: str = "", only: str = "", **given: str) -> Ended:
        """Run the steps in order.

        Args:
            without: name of a step that ran before.
            only: name of the only step to run; empty: all.
            given: inputs, with `_` for `-`.
        """
        ended = Ended()
        contexts = {
            "github": {"job": "tier1", "run_id": "17", "run_attempt": "1", "token": "of-the-job"},
            "runner": {"os": "Linux"},
        }
        inputs = {name: _filled(each.get("default", ""), contexts) for name, each in self.action["inputs"].items()}
        given = {name.replace("_", "-"): value for name, value in given.items()}
        assert given.keys() <= inputs.keys()
        contexts["inputs"] = {**inputs, **given}
        for step in self.action["runs"]["steps"]:
            if step["name"] == without or (only and step["name"] != only):
                continue
            if _wanted(step.get("if", "success()"), contexts, ended.code):
                code = self._step(step, contexts, ended)
                ended.code = ended.code or (0 if step.get("continue-on-error") else code)
        ended.outputs = {name: _filled(each["value"], contexts) for name, each in self.action["outputs"].items()}
        return ended

    def _step(self, step: Any, contexts: dict[str, dict[str, str]], ended: Ended) -> int:
        own = f"steps.{step.get('id')}.outputs"
        if "uses" in step:
            ended.used[step["uses"]] = {name: _filled(text, contexts) for name, text in step["with"].items()}
            contexts[own] = dict(self.answers.get(step["uses"], {}))
            return 0
        # What inputs hold must not become a part of a script.
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        files = {name: self.workspace / f".{name}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")}
        for file in files.values():
            file.write_text("", encoding="utf-8")
        answer = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=self.workspace / _filled(step.get("working-directory", "."), contexts),
            env={
                **self.variables,
                "GITHUB_WORKSPACE": str(self.workspace),
                "GITHUB_ACTION_PATH": str(ACTION),
                **{name: str(file) for name, file in files.items()},
                **{name: _filled(text, contexts) for name, text in step.get("env", {}).items()},
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        ended.log += answer.stdout
        ended.summary += files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        lines = files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
        contexts[own] = dict(line.split("=", 1) for line in lines)
        return answer.returncode


def _filled(text: str, contexts: Mapping[str, Mapping[str, str]]) -> str:
    """Fill in the expressions of a text: `${{ inputs.key || github.job }}`."""
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda match: _value(match[1], contexts), str(text))


def _value(expression: str, contexts: Mapping[str, Mapping[str, str]]) -> str:
    values = []
    for name in expression.split(" || "):
        context, _, key = name.rpartition(".")
        # A step that did not run has no outputs; every other name must be there.
        values.append(
            contexts.get(context, {}).get(key, "") if context.startswith("steps.") else contexts[context][key]
        )
    return next(filter(None, values), "")


def _wanted(condition: str, contexts: Mapping[str, Mapping[str, str]], code: int) -> bool:
    """Return whether a step runs: after a failure only where its condition says `always()`."""
    parts = condition.split(" && ")
    wanted = code == 0 or "always()" in parts
    for part in parts:
        if match := re.fullmatch(r"(\S+) (==|!=) '(\w*)'", part):
            wanted = wanted and (_value(match[1], contexts) == match[3]) == (match[2] == "==")
        else:
            assert part in ("always()", "success()"), f"the harness does not know {part}"
    return wanted


def gitlab_job(workspace: Path, variables: Mapping[str, str], **given: str) -> subprocess.CompletedProcess[str]:
    """Run the script of the template's only job as a runner does in an image that has sh."""
    head, body = TEMPLATE.read_text(encoding="utf-8").split("\n---\n")
    inputs = {name: (each or {}).get("default") for name, each in yaml.safe_load(head)["spec"]["inputs"].items()}
    inputs |= {name.replace("_", "-"): value for name, value in given.items()}
    assert None not in inputs.values()

    def filled(value: Any) -> str:
        return re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda match: str(inputs[match[1]]), str(value))

    ((name, job),) = yaml.safe_load(body).items()
    own = {"CI_PROJECT_DIR": str(workspace), "CI_JOB_NAME_SLUG": filled(name), **variables}
    for key, value in job["variables"].items():
        own[key] = filled(value).replace("$CI_PROJECT_DIR", str(workspace))
    return subprocess.run(
        ["sh", "-e", "-c", "\n".join(job["script"])],
        cwd=workspace,
        env=own,
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=False,
    )
