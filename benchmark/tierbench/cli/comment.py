"""`tierbench comment`: keep one comment on a run at its pull request or merge request, from a CI job."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tierbench.cli.folders import ReportsOption, reports_folder
from tierbench.common.errors import UserError
from tierbench.common.files import is_regular
from tierbench.common.text import message_line, one_line

if TYPE_CHECKING:
    from tierbench.common.schema import Rows, Run
    from tierbench.report.comment_host import Host

# Also the name of a folder in CI jobs.
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
# Nothing that could end a link in Markdown.
_LINK = re.compile(r"https?://[^\s<>()\[\]\"'`\\]{1,2000}")
_RUN = "the run's folder, the start of its name, or last; left out: pytest ended without the record of a run"


def comment(
    run: Annotated[str, typer.Argument(help=_RUN)] = "",
    to: Annotated[
        Literal["print", "github", "gitlab"], typer.Option("--to", help="where it goes; print: only show it")
    ] = "print",
    key: Annotated[str, typer.Option("--key", help="tells the comments of several jobs apart")] = "tierbench",
    exit_code: Annotated[int | None, typer.Option("--exit-code", help="how pytest ended", min=0)] = None,
    link: Annotated[str, typer.Option("--link", help="URL of the report, or of the archive that has it")] = "",
    number: Annotated[
        int | None, typer.Option("--number", min=1, help="of the pull request (default: that of the job)")
    ] = None,
    author: Annotated[
        str, typer.Option("--author", help="login that the comments have on GitHub, for the token of an app")
    ] = "",
    reports: ReportsOption = None,
) -> None:
    """Keep one comment on a run at its pull request: written once, and edited by later runs with the same key.

    It needs what CI jobs have in their environment: on GitHub GITHUB_TOKEN with the permission to write pull requests;
    on GitLab GITLAB_TOKEN, an access token with the scope api. A comment that cannot be written is left out with one
    line, and the exit code is still 0.
    """
    from tierbench.report.comment import comment_markdown, marker
    from tierbench.report.comment_host import LeftOutError, keep_comment
    from tierbench.runs.find import run_folder
    from tierbench.runs.record import SCORES, read_run, read_run_json

    if not _KEY.fullmatch(key):
        raise UserError(
            f"--key {one_line(key, 80)!r}: use up to 63 letters, digits, _, . and -, the first a letter, digit or _"
        )
    if link and not _LINK.fullmatch(link):
        raise UserError(f"--link {one_line(link, 80)!r}: is no URL; it begins with https:// and has no spaces")
    found: tuple[Run | None, Rows] = (None, ())
    if run:
        folder = run_folder(run, reports_folder(reports))
        # A run of data sets only has no rows.
        rows = read_run(folder).rows if is_regular(folder / SCORES) else ()
        found = (read_run_json(folder), rows)
    body = comment_markdown(*found, key=key, exit_code=exit_code, link=link)
    if to == "print":
        typer.echo(body, nl=False)
        return
    try:
        host = _github(number, author) if to == "github" else _gitlab(number)
        typer.echo(f"comment {keep_comment(host, marker(key), body)}")
    except LeftOutError as reason:
        typer.echo(f"comment left out: {message_line(str(reason), 400)}", err=True)


def _github(number: int | None, author: str) -> Host:
    from tierbench.report.comment_github import GitHub
    from tierbench.report.comment_host import LeftOutError

    number = number or _number_of_event()
    if number is None:
        raise LeftOutError("this job belongs to no pull request; give --number")
    token = os.environ.get("GITHUB_TOKEN", "")
    if not token:
        raise LeftOutError("GITHUB_TOKEN is not set; give the step `env: GITHUB_TOKEN: ${{ github.token }}`")
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    return GitHub(api, _variable("GITHUB_REPOSITORY", "owner/name"), number, token, author)


def _number_of_event() -> int | None:
    """Return the number of the pull request that the workflow runs for."""
    event: Any = None
    with suppress(OSError, ValueError):
        event = json.loads(Path(os.environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
    pull_request = event.get("pull_request") if isinstance(event, dict) else None
    number = pull_request.get("number") if isinstance(pull_request, dict) else None
    return number if isinstance(number, int) else None


def _gitlab(number: int | None) -> Host:
    from tierbench.report.comment_gitlab import GitLab
    from tierbench.report.comment_host import LeftOutError

    job = os.environ.get("CI_MERGE_REQUEST_IID", "")
    if number is None and not job.isdecimal():
        raise LeftOutError("this job belongs to no merge request; run it in merge request pipelines, or give --number")
    token = os.environ.get("GITLAB_TOKEN", "")
    if not token:
        raise LeftOutError(
            "GITLAB_TOKEN is not set. CI_JOB_TOKEN may not write notes; add an access token of the project with the "
            "scope api as a variable"
        )
    # The pipeline of a fork runs in the fork; the merge request belongs to the project that it goes to.
    project = os.environ.get("CI_MERGE_REQUEST_PROJECT_ID") or _variable("CI_PROJECT_ID", "number of the project")
    return GitLab(_variable("CI_API_V4_URL", "URL of the API"), project, number or int(job), token)


def _variable(name: str, what: str) -> str:
    if value := os.environ.get(name, ""):
        return value
    raise UserError(f"{name} is not set; set it to the {what}, as CI jobs have it")
