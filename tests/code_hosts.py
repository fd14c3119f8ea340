"""Servers that answer as GitHub and GitLab do where a run comments on a pull request; GitHub's by its OpenAPI file."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator

TIME = "2026-11-26T03:17:00Z"
_OPENAPI = Path(__file__).parent / "data" / "github" / "comments.openapi.json"
_LONGEST = 65_536
# What a token of a job gets where it may not do something.
NOT_ACCESSIBLE = "Resource not accessible by integration"


@dataclass
class Asked:
    """A request that a host got."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    content: Any


@dataclass
class Answer:
    """What a host answers."""

    status: int
    content: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class CodeHost:
    """What the two hosts share.

    Attributes:
        comments: author and text of each, in the order of their ids, which begin with 1.
        asked: the requests so far.
        troubles: answers that the next requests get in place of theirs.
        losing: whether the next comment is written, and its answer lost.
        problems: what breaks the published description.
    """

    comments: list[tuple[str, str]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    troubles: list[Answer] = field(default_factory=list)
    losing: bool = False
    problems: list[str] = field(default_factory=list)
    url: str = ""

    def take(self, asked: Asked) -> Answer:
        """Answer a request."""
        self.asked.append(asked)
        if self.troubles:
            return self.troubles.pop(0)
        answer = self.answer(asked)
        if self.losing and asked.method == "POST":
            self.losing = False
            return Answer(502)
        return answer

    def answer(self, asked: Asked) -> Answer:
        """Answer a request where nothing is wrong with the host."""
        raise NotImplementedError

    def page(self, asked: Asked, entries: list[Any]) -> list[Any]:
        """Return the page of a list that is asked for."""
        size = min(int(asked.query.get("per_page", 30)), 100)
        start = (int(asked.query.get("page", 1)) - 1) * size
        return entries[start : start + size]

    def written(self, method: str) -> int:
        """Return how often comments were written."""
        return sum(asked.method == method for asked in self.asked)


@dataclass
class GitHubHost(CodeHost):
    """Pull request 7 of octo/models.

    Attributes:
        people: token → login; other tokens are those of a job.
        read_only: whether tokens of a job may only read, as for the pull request of a fork.
    """

    people: dict[str, str] = field(default_factory=lambda: {"of-a-person": "hubot"})
    read_only: bool = False
    description: ClassVar[Any] = json.loads(_OPENAPI.read_text(encoding="utf-8"))

    def answer(self, asked: Asked) -> Answer:
        """Answer, and hold request and answer against the description."""
        template, operation = self._operation(asked)
        self._check_request(asked, operation)
        answer = self._answer(asked, template)
        # The description lists the successes of an operation, but not all errors that any request can get.
        errors = {} if answer.status < 400 else {str(answer.status): {"$ref": "#/components/responses/forbidden"}}
        described = self._looked_up({**errors, **operation["responses"]}[str(answer.status)])
        self._check(described["content"]["application/json"]["schema"], answer.content, f"answer to {template}")
        return answer

    def _operation(self, asked: Asked) -> tuple[str, Any]:
        for template, methods in self.description["paths"].items():
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
            if re.fullmatch(pattern, asked.path) and asked.method.lower() in methods:
                return template, methods[asked.method.lower()]
        raise AssertionError(f"the description has no {asked.method} {asked.path}")

    def _check_request(self, asked: Asked, operation: Any) -> None:
        known = {self._looked_up(each)["name"] for each in operation["parameters"]}
        self.problems += [f"{asked.path}: unknown parameter {name}" for name in asked.query if name not in known]
        if body := operation.get("requestBody"):
            self._check(body["content"]["application/json"]["schema"], asked.content, f"request to {asked.path}")
        expected = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
        self.problems += [f"header {name}" for name, value in expected.items() if asked.headers.get(name) != value]

    def _looked_up(self, value: Any) -> Any:
        if "$ref" not in value:
            return value
        kind, name = value["$ref"].split("/")[2:]
        return self.description["components"][kind][name]

    def _check(self, schema: Any, content: Any, place: str) -> None:
        whole = _plain_schema({**schema, "components": self.description["components"]})
        self.problems += [f"{place}: {error.message}" for error in Draft202012Validator(whole).iter_errors(content)]

    def _answer(self, asked: Asked, template: str) -> Answer:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        login = self.people.get(token)
        if token == "revoked":  # noqa: S105  a word of this server, no secret
            return Answer(401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"})
        if template == "/user":
            return Answer(200, _user(login)) if login else Answer(403, {"message": NOT_ACCESSIBLE})
        if asked.path.split("/")[2:4] != ["octo", "models"] or asked.path.split("/")[5] not in ("7", "comments"):
            return Answer(404, {"message": "Not Found"})
        if asked.method == "GET":
            found = [self._comment(number) for number in range(1, len(self.comments) + 1)]
            return Answer(200, self.page(asked, found))
        if self.read_only and not login:
            return Answer(403, {"message": NOT_ACCESSIBLE})
        if len(asked.content["body"]) > _LONGEST:
            problem = {"resource": "IssueComment", "code": "unprocessable", "field": "data"}
            said = {"message": "Validation Failed", "documentation_url": "https://docs.github.com/rest"}
            return Answer(422, {**said, "errors": [problem]})
        if asked.method == "POST":
            self.comments.append((login or "github-actions[bot]", asked.content["body"]))
            return Answer(201, self._comment(len(self.comments)))
        number = int(asked.path.rpartition("/")[2])
        self.comments[number - 1] = (self.comments[number - 1][0], asked.content["body"])
        return Answer(200, self._comment(number))

    def _comment(self, number: int) -> dict[str, Any]:
        login, body = self.comments[number - 1]
        page = f"https://github.com/octo/models/pull/7#issuecomment-{number}"
        return {
            "id": number,
            "node_id": f"IC_{number}",
            "url": f"https://api.github.com/repos/octo/models/issues/comments/{number}",
            "html_url": page,
            "issue_url": "https://api.github.com/repos/octo/models/issues/7",
            "user": _user(login) if login else None,
            "created_at": TIME,
            "updated_at": TIME,
            "author_association": "NONE",
            "body": body,
        }


@dataclass
class GitLabHost(CodeHost):
    """Merge request 7 of project 5, as https://docs.gitlab.com/api/notes/ describes; the token `mine` is of user 21."""

    def answer(self, asked: Asked) -> Answer:
        """Answer as the API of notes."""
        if asked.headers.get("private-token") != "mine":
            return Answer(401, {"message": "401 Unauthorized"})
        if asked.path == "/user":
            return Answer(200, {"id": 21, "username": "project_5_bot_1"})
        if not asked.path.startswith("/projects/5/merge_requests/7/notes"):
            return Answer(404, {"message": "404 Not found"})
        if asked.method == "GET":
            found = [self._note(number) for number in range(1, len(self.comments) + 1)]
            return Answer(200, self.page(asked, found))
        if asked.method == "POST":
            self.comments.append(("21", asked.content["body"]))
            return Answer(201, self._note(len(self.comments)))
        assert asked.method == "PUT"
        number = int(asked.path.rpartition("/")[2])
        self.comments[number - 1] = ("21", asked.content["body"])
        return Answer(200, self._note(number))

    def _note(self, number: int) -> dict[str, Any]:
        author, body = self.comments[number - 1]
        system = author == "system"
        return {"id": number, "body": body, "author": {"id": 21 if system else int(author)}, "system": system}


def _user(login: str) -> dict[str, Any]:
    """Return a user with all that the description requires."""
    urls = "avatar events followers following gists html organizations received_events repos starred subscriptions"
    own = {f"{name}_url": f"https://api.github.com/{name}" for name in urls.split()}
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    texts = dict.fromkeys(("name", "company", "blog", "location", "email", "bio"), "x@example.org")
    more = {"hireable": None, "created_at": TIME, "updated_at": TIME, "gravatar_id": "", "site_admin": False}
    kind = "Bot" if login.endswith("[bot]") else "User"
    api = f"https://api.github.com/users/{login}"
    ids = {"login": login, "id": 1, "node_id": "U_1", "type": kind, "url": api, "user_view_type": "public"}
    return {**ids, **own, **counts, **texts, **more}


def _plain_schema(value: Any) -> Any:
    """Return a schema of OpenAPI 3.0 as one of JSON Schema, which has no `nullable`."""
    if isinstance(value, list):
        return [_plain_schema(each) for each in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _plain_schema(each) for name, each in value.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if value.get("nullable") is True else plain


Served = TypeVar("Served", bound=CodeHost)


@contextmanager
def served(host: Served) -> Iterator[Served]:
    """Serve a host on a free port of this machine; nothing may break the description."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked = Asked(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query)),
                {name.lower(): value for name, value in self.headers.items()},
                json.loads(content) if content else None,
            )
            try:
                answer = host.take(asked)
            except AssertionError as error:
                host.problems.append(str(error))
                answer = Answer(404, {"message": "Not Found"})
            body = b"" if answer.content is None else json.dumps(answer.content).encode()
            self.send_response(answer.status)
            for name, value in {"content-length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_PUT = do_GET  # noqa: N815  the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
    assert host.problems == []
