"""The notes of a merge request on GitLab; the requests are those of https://docs.gitlab.com/api/notes/."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from urllib.parse import quote

from tierbench.report.comment_host import Client, Comment, LeftOutError, RefusedError


class GitLab:
    """The notes of one merge request.

    Args:
        api: URL of the API: `$CI_API_V4_URL`.
        project: number or path of the project that the merge request belongs to: `$CI_MERGE_REQUEST_PROJECT_ID`.
        number: of the merge request in the project: `$CI_MERGE_REQUEST_IID`.
        token: an access token with the scope `api`; the token of a job may not write notes.
    """

    def __init__(self, api: str, project: str, number: int, token: str) -> None:
        self._client = Client("GitLab", api, {"PRIVATE-TOKEN": token})
        self._notes = f"/projects/{quote(project, safe='')}/merge_requests/{number}/notes"

    def comments(self) -> Iterator[Comment]:
        """Yield all notes that somebody wrote, the oldest first."""
        for note in self._client.pages(self._notes, sort="asc", order_by="created_at"):
            try:
                if not note.get("system"):
                    yield Comment(int(note["id"]), str(note.get("body") or ""), str(note["author"]["id"]))
            except (AttributeError, KeyError, TypeError, ValueError):
                raise LeftOutError("GitLab did not answer with notes; is this the URL of its API?") from None

    def author(self) -> str:
        """Return the number of the user that the token belongs to."""
        return self._own

    def create(self, body: str) -> None:
        """Write a new note."""
        self._write("POST", self._notes, body)

    def edit(self, comment: Comment, body: str) -> None:
        """Replace the text of a note."""
        self._write("PUT", f"{self._notes}/{comment.id}", body)

    @cached_property
    def _own(self) -> str:
        user = self._client.ask("GET", "/user")
        return str(user.get("id", "")) if isinstance(user, dict) else ""

    def _write(self, method: str, path: str, body: str) -> None:
        try:
            self._client.ask(method, path, {"body": body})
        except RefusedError as refused:
            if refused.status in (401, 403, 404):
                raise LeftOutError(
                    f"{refused}: the token may not write notes; GITLAB_TOKEN must be an access token with the scope api"
                ) from refused
            raise
