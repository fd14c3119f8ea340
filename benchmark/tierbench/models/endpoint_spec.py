"""Parse `endpoint:URL[@version]` and `endpoint:hf/org/name[@version]`, which name a model behind a server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from tierbench.common.errors import UserError
from tierbench.common.text import one_line

SCHEME = "endpoint:"
FORMS = (
    "endpoint:https://host/path, endpoint:https://host/v2/models/name or endpoint:hf/org/name, perhaps with @version"
)
_HUB_MODEL = re.compile(r"hf/([A-Za-z0-9][\w.-]*/[\w.-]+)")
_VERSION = re.compile(r"[\w.+-]{1,100}")
# Right after the host, where a user name would be followed by the host, only what is certainly a version.
_PLAIN_VERSION = re.compile(r"v\d[\w.]*")
_V2_MODEL = re.compile(r"/v2/models/[^/]+(/versions/[^/]+)?/?")
_LOOPBACK = re.compile(r"127\.\d+\.\d+\.\d+|::1|(.+\.)?localhost")
_HF_DOMAINS = ("huggingface.co", "hf.space", "huggingface.cloud")


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """Where a model is served.

    Attributes:
        spec: as the user wrote it; it holds no user name, password or query.
        protocol: `hf`, or `v2` for the Open Inference Protocol.
        url: where requests go; empty for a model of the Hub's serverless inference.
        hub_model: `org/name` of such a model; else empty.
        version: what the user says that is served there; empty: not said, so it may be another model tomorrow.
    """

    spec: str
    protocol: Literal["hf", "v2"]
    url: str
    hub_model: str = ""
    version: str = ""

    @property
    def place(self) -> str:
        """What messages call it."""
        return f"model {one_line(self.spec)!r}"


def parse_endpoint(spec: str) -> EndpointSpec:
    """Parse the spec of an endpoint.

    Raises:
        UserError: if it names none, or its URL holds a user name, a password or a query; these are not shown.
    """
    rest, version = _split_version(spec.removeprefix(SCHEME))
    if version and not _VERSION.fullmatch(version):
        raise UserError(f"model {one_line(spec)!r}: a version has only letters, digits, _, ., + and -")
    if rest.startswith("hf/"):
        if not (match := _HUB_MODEL.fullmatch(rest)):
            raise UserError(f"model {one_line(spec)!r}: write endpoint:hf/org/name")
        return EndpointSpec(spec, "hf", "", match[1], version)
    parts = _split_url(rest)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        # It may hold a password.
        shown = "" if "@" in rest else f" {one_line(spec)!r}"
        raise UserError(f"model{shown}: names no endpoint; write {FORMS}")
    url = rest.rstrip("/")
    return EndpointSpec(spec, "v2" if _V2_MODEL.search(parts.path) else "hf", url, "", version)


def _split_version(text: str) -> tuple[str, str]:
    """Return what stands before the version, and the version.

    Raises:
        UserError: if a user name stands in the URL.
    """
    scheme, separator, rest = text.partition("://")
    host, slash, _ = rest.partition("/")
    if separator and ("?" in rest or "#" in rest):
        raise UserError(
            f"model 'endpoint:{one_line(scheme)}://…': its URL has a query, which could hold a secret; leave it out, "
            "and name a token with --robust-endpoint-token"
        )
    if separator and "@" in host:
        before, _, version = host.rpartition("@")
        is_host = "@" not in before and not slash and _names_host(before)
        if not (is_host and _PLAIN_VERSION.fullmatch(version)):
            raise UserError(
                f"model 'endpoint:{one_line(scheme)}://…': its URL has a user name or a password; leave it out, name a "
                "token with --robust-endpoint-token, and write a version after a slash: https://host/@version"
            )
        return f"{scheme}://{before}", version
    head, at, version = text.rpartition("@")
    return (head, version) if at and "/" not in version else (text, "")


def _names_host(text: str) -> bool:
    """Return whether a text before an @ is rather a host than a user name with a password."""
    name, colon, port = text.rpartition(":")
    host = name if colon else port
    return (not colon or port.isdigit()) and ("." in host or host == "localhost")


def _split_url(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        # Reading the port is what checks it.
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def served_name(spec: str) -> str:
    """Return the last part of an endpoint's path without its version, or else its host."""
    parsed = parse_endpoint(spec)
    path = parsed.hub_model or urlsplit(parsed.url).path
    return path.rstrip("/").rpartition("/")[2] or urlsplit(parsed.url).hostname or ""


def is_unversioned(spec: str) -> bool:
    """Return whether a spec names an endpoint without saying which version of a model it serves."""
    if not spec.startswith(SCHEME):
        return False
    try:
        return not parse_endpoint(spec).version
    except UserError:
        return True


def is_hf_host(url: str) -> bool:
    """Return whether a URL leads to Hugging Face, who the token of huggingface_hub is for."""
    host = (urlsplit(url).hostname or "").lower()
    return any(host == domain or host.endswith(f".{domain}") for domain in _HF_DOMAINS)


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine."""
    host = (urlsplit(url).hostname or "").lower()
    return bool(_LOOPBACK.fullmatch(host))
