"""`tierbench comment` against servers that answer as GitHub and GitLab: written once, edited later, else left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Answer
from tests.code_hosts import Answer as HostAnswer
from tests.code_hosts import GitHubHost, GitLabHost, served
from tests.runs.records import comparison, row, tier, write

Call = Callable[..., Answer]
MARKER = "<!-- tierbench: tier1 -->"
BOT = "github-actions[bot]"


@pytest.fixture
def run(workplace: Path) -> Path:
    """The record of a run in which one case regressed."""
    rows = [row("night", 0.3, change="regressed", baseline_score=0.9)]
    return write(workplace / "reports", 1, rows, tiers=[tier(0, 1)], comparisons=(comparison(),))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries, none of which is waited."""
    asked: list[float] = []
    monkeypatch.setattr("time.sleep", asked.append)
    return asked


@pytest.fixture
def github(run: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubHost]:
    """The job of pull request 7, and GitHub."""
    event = run.parents[1] / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}), encoding="utf-8")
    with served(GitHubHost()) as host:
        for name, value in {
            "GITHUB_API_URL": host.url,
            "GITHUB_REPOSITORY": "octo/models",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_TOKEN": "of-the-job",
        }.items():
            monkeypatch.setenv(name, value)
        yield host


@pytest.fixture
def gitlab(run: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLabHost]:
    """The job of merge request 7 of project 5, in the pipeline of a fork, and GitLab."""
    with served(GitLabHost()) as host:
        for name, value in {
            "CI_API_V4_URL": host.url,
            "CI_PROJECT_ID": "6",
            "CI_MERGE_REQUEST_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "7",
            "GITLAB_TOKEN": "mine",
        }.items():
            monkeypatch.setenv(name, value)
        yield host


TO_GITHUB = ("comment", "last", "--to", "github", "--key", "tier1", "--exit-code", "1")
TO_GITLAB = ("comment", "last", "--to", "gitlab", "--key", "tier1", "--exit-code", "0")


def left_out(answer: Answer) -> str:
    """Return why a comment was left out: one line, and no failure."""
    assert (answer.code, answer.out) == (0, "")
    (line,) = answer.err.splitlines()
    assert line.startswith("comment left out: ")
    return line.removeprefix("comment left out: ")


def test_a_comment_is_written_once_and_then_edited(tierbench: Call, github: GitHubHost) -> None:
    assert tierbench(*TO_GITHUB).out == "comment created\n"
    ((author, body),) = github.comments
    assert author == BOT
    assert body.startswith(f"{MARKER}\n")
    assert "**Failed: level 1 of 3; 1 picture regressed**" in body
    assert "| ✗ regressed | `photos/night` | `automobile` | 0.900 → 0.300 | `ship` |" in body
    # GitHub may send the lines of a comment back with other ends.
    github.comments[0] = (author, body.replace("\n", "\r\n"))
    assert tierbench(*TO_GITHUB[:-1], "0").out == "comment updated\n"
    ((_, body),) = github.comments
    assert "**Failed: level 1 of 3; 1 picture regressed; pytest ended with exit code 0**" in body
    assert (github.written("POST"), github.written("PATCH")) == (1, 1)


def test_only_our_own_comment_with_the_same_key_is_edited(tierbench: Call, github: GitHubHost) -> None:
    others = [
        ("mallory", f"{MARKER}\nnot ours"),
        ("", f"{MARKER}\nof a deleted account"),
        (BOT, f"See below.\n{MARKER}\n"),
        (BOT, "<!-- tierbench: tier1.nightly -->\nof another job"),
    ]
    github.comments += others
    assert tierbench(*TO_GITHUB).out == "comment created\n"
    assert tierbench(*TO_GITHUB, "--key", "all").out == "comment created\n"
    assert tierbench(*TO_GITHUB).out == "comment updated\n"
    assert github.comments[:4] == others
    assert len(github.comments) == 6


def test_the_comment_is_found_behind_hundreds_of_others(tierbench: Call, github: GitHubHost) -> None:
    github.comments += [("octocat", "me too")] * 250 + [(BOT, f"{MARKER}\nold")]
    assert tierbench(*TO_GITHUB).out == "comment updated\n"
    assert [asked.query["page"] for asked in github.asked if asked.path.endswith("/7/comments")] == ["1", "2", "3"]
    assert github.written("POST") == 0


@pytest.mark.parametrize(
    ("token", "options", "author"),
    [("of-a-person", (), "hubot"), ("of-an-app", ("--author", "shop[bot]"), "shop[bot]")],
)
def test_the_author_is_whose_token_it_is(
    tierbench: Call,
    github: GitHubHost,
    monkeypatch: pytest.MonkeyPatch,
    token: str,
    options: tuple[str, ...],
    author: str,
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", token)
    github.comments += [(BOT, f"{MARKER}\n"), (author, f"{MARKER}\nold")]
    assert tierbench(*TO_GITHUB, *options).out == "comment updated\n"
    assert github.comments[0] == (BOT, f"{MARKER}\n")
    assert github.comments[1][1] != f"{MARKER}\nold"


def test_the_token_of_a_fork_may_only_read(tierbench: Call, github: GitHubHost) -> None:
    github.read_only = True
    for _ in range(2):
        reason = left_out(tierbench(*TO_GITHUB))
        assert reason.startswith("GitHub answered 403 Resource not accessible by integration: the token may only read.")
        assert reason.endswith("elsewhere give the job `permissions: pull-requests: write`")
        github.comments = [(BOT, f"{MARKER}\nof an earlier run that might write")]


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("GITHUB_TOKEN", "revoked", "GitHub answered 401 Bad credentials"),
        ("GITHUB_TOKEN", "", "GITHUB_TOKEN is not set; give the step `env: GITHUB_TOKEN: ${{ github.token }}`"),
        ("GITHUB_REPOSITORY", "octo/none", "GitHub answered 404 Not Found"),
        ("GITHUB_EVENT_PATH", "", "this job belongs to no pull request; give --number"),
        ("GITHUB_API_URL", "nowhere", "nowhere is no URL of an API"),
    ],
)
def test_what_cannot_work_is_one_line(
    tierbench: Call, github: GitHubHost, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert left_out(tierbench(*TO_GITHUB)) == reason
    assert github.comments == []


LIMITED = "API rate limit exceeded for installation."


@pytest.mark.parametrize(
    ("trouble", "waited"),
    [
        (HostAnswer(503), 1.0),
        (HostAnswer(429, {"message": "Too many requests"}, {"retry-after": "20"}), 20.0),
        (HostAnswer(403, {"message": "You have exceeded a secondary rate limit"}), 1.0),
        (HostAnswer(403, {"message": LIMITED}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}), 0.0),
    ],
)
def test_a_busy_host_is_asked_again(
    tierbench: Call, github: GitHubHost, waits: list[float], trouble: HostAnswer, waited: float
) -> None:
    github.troubles = [trouble]
    assert tierbench(*TO_GITHUB).out == "comment created\n"
    assert waits == [waited]
    assert len(github.comments) == 1


def test_a_comment_whose_answer_was_lost_is_not_written_twice(
    tierbench: Call, github: GitHubHost, waits: list[float]
) -> None:
    github.losing = True
    assert tierbench(*TO_GITHUB).out == "comment updated\n"
    assert (len(github.comments), len(waits)) == (1, 1)


def test_a_host_that_stays_away_is_asked_three_times(
    tierbench: Call, github: GitHubHost, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    github.troubles = [HostAnswer(502)] * 9
    assert left_out(tierbench(*TO_GITHUB)) == "GitHub answered 502 Bad Gateway; run the job again later"
    assert (len(github.asked), waits) == (3, [1.0, 3.0])
    github.troubles = [HostAnswer(403, {"message": LIMITED}, {"retry-after": "900"})]
    assert left_out(tierbench(*TO_GITHUB)) == (
        f"GitHub answered 403 {LIMITED}; it asks to wait for 900 s; run the job again later"
    )
    assert len(github.asked) == 4
    # No server has this port.
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    assert left_out(tierbench(*TO_GITHUB)) == "GitHub cannot be reached (ConnectionError); run the job again later"


def test_a_token_goes_to_no_other_host(tierbench: Call, github: GitHubHost) -> None:
    with served(GitHubHost()) as other:
        github.troubles = [HostAnswer(301, {"message": "Moved Permanently"}, {"location": f"{other.url}/user"})]
        assert left_out(tierbench(*TO_GITHUB)) == "GitHub answered 301 Moved Permanently"
        assert other.asked == []


def test_netrc_does_not_replace_the_token(
    tierbench: Call, github: GitHubHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert tierbench(*TO_GITHUB).out == "comment created\n"
    assert {asked.headers["authorization"] for asked in github.asked} == {"Bearer of-the-job"}


def test_without_the_record_of_a_run_an_old_verdict_is_replaced(tierbench: Call, github: GitHubHost) -> None:
    github.comments = [(BOT, f"{MARKER}\n**Passed**")]
    assert tierbench("comment", "--to", "github", "--key", "tier1", "--exit-code", "4").out == "comment updated\n"
    assert "Not judged: there is no record of a run; pytest ended with exit code 4." in github.comments[0][1]


def test_a_note_is_written_once_and_then_edited(tierbench: Call, gitlab: GitLabHost) -> None:
    gitlab.comments += [("system", MARKER), ("3", f"{MARKER}\nnot ours")] + [("4", "me too")] * 120
    assert tierbench(*TO_GITLAB).out == "comment created\n"
    assert tierbench(*TO_GITLAB).out == "comment updated\n"
    assert (gitlab.written("POST"), gitlab.written("PUT"), len(gitlab.comments)) == (1, 1, 123)
    assert gitlab.comments[-1][1].startswith(f"{MARKER}\n")


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("GITLAB_TOKEN", "", "GITLAB_TOKEN is not set. CI_JOB_TOKEN may not write notes; add an access token of the"),
        ("GITLAB_TOKEN", "other", "GitLab answered 401 401 Unauthorized"),
        ("CI_MERGE_REQUEST_IID", "", "this job belongs to no merge request; run it in merge request pipelines"),
        ("CI_MERGE_REQUEST_PROJECT_ID", "", "GitLab answered 404 404 Not found"),
    ],
)
def test_a_note_that_cannot_be_written_is_left_out(
    tierbench: Call, gitlab: GitLabHost, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert left_out(tierbench(*TO_GITLAB)).startswith(reason)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--key", "a --> b"), "error: --key 'a --> b': use up to 63 letters, digits, _, . and -, "),
        (("--link", "javascript:alert(1)"), "error: --link 'javascript:alert(1)': is no URL; it begins with https://"),
        (("--link", "https://a.b/) [x](c"), "error: --link 'https://a.b/) [x](c': is no URL"),
    ],
)
def test_wrong_options_are_errors(tierbench: Call, run: Path, arguments: tuple[str, str], message: str) -> None:
    answer = tierbench("comment", run.name, *arguments)
    assert (answer.code, answer.out) == (4, "")
    assert answer.err.startswith(message)


def test_it_is_printed_where_nothing_else_is_asked_for(tierbench: Call, run: Path) -> None:
    answer = tierbench("comment", run.name, "--link", "https://example.org/a/1")
    assert answer.out.startswith("<!-- tierbench: tierbench -->\n")
    assert "[Report with pictures](<https://example.org/a/1>)" in answer.out
    assert tierbench("comment", "2031").code == 4
