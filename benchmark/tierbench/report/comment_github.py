"""The comments of a pull request on GitHub.

The requests are those of https://docs.github.com/rest/issues/comments: every pull request is an issue.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import quote

from tierbench.report.comment_host import Client, Comment, LeftOutError, RefusedError

# The author of comments that a job writes with its own token.
ACTIONS = "github-actions[bot]"


class GitHub:
    """The comments of one pull request.

    Args:
        api: URL of the API: `$GITHUB_API_URL`.
        repository: `owner/name`: `$GITHUB_REPOSITORY`.
        number: of the pull request.
        token: of the job, of an app or of a person; it needs to write pull requests.
        author: login that the comments have; empty: that of the token. An app cannot ask for its own.
    """

    def __init__(self, api: str, repository: str, number: int, token: str, author: str = "") -> None:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self._client = Client("GitHub", api, headers)
        self._issues = f"/repos/{quote(repository)}/issues"
        self._number = number
        self._named = author

    def comments(self) -> Iterator[Comment]:
        """Yield all comments of the pull request, the oldest first."""
        for entry in self._client.pages(f"{self._issues}/{self._number}/comments"):
            yield _comment(entry)

    def author(self) -> str:
        """Return the login whose comments are ours."""
        return self._named or self._asked

    def create(self, body: str) -> None:
        """Write a new comment."""
        self._write("POST", f"{self._issues}/{self._number}/comments", body)

    def edit(self, comment: Comment, body: str) -> None:
        """Replace the text of a comment."""
        self._write("PATCH", f"{self._issues}/comments/{comment.id}", body)

    @cached_property
    def _asked(self) -> str:
        try:
            user = self._client.ask("GET", "/user")
        except RefusedError as refused:
            # The token of a job, like that of every app, belongs to no person.
            if refused.status == 403:
                return ACTIONS
            raise
        return str(user.get("login", "")) if isinstance(user, dict) else ""

    def _write(self, method: str, path: str, body: str) -> None:
        try:
            self._client.ask(method, path, {"body": body})
        except RefusedError as refused:
            if refused.status == 404 or "not accessible" in str(refused):
                raise LeftOutError(
                    f"{refused}: the token may only read. That of a fork's pull request may do no more; elsewhere give "
                    "the job `permissions: pull-requests: write`"
                ) from refused
            raise


def _comment(entry: Any) -> Comment:
    """Return a comment of an answer; the account of its author may be deleted."""
    try:
        return Comment(int(entry["id"]), str(entry.get("body") or ""), str((entry.get("user") or {}).get("login", "")))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise LeftOutError("GitHub did not answer with comments; is this the URL of its API?") from None
