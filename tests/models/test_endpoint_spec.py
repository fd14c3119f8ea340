"""Specs of endpoints: what they name, and that no message shows a password."""

from __future__ import annotations

import pytest

from tierbench.common.errors import UserError
from tierbench.models.endpoint_spec import is_hf_host, is_loopback, is_unversioned, parse_endpoint
from tierbench.models.spec import ModelSpec


@pytest.mark.parametrize(
    ("spec", "protocol", "url", "hub_model", "version", "name"),
    [
        ("endpoint:https://a.example/models/cars", "hf", "https://a.example/models/cars", "", "", "cars"),
        ("endpoint:https://a.example/models/cars@v3", "hf", "https://a.example/models/cars", "", "v3", "cars"),
        ("endpoint:https://a.example", "hf", "https://a.example", "", "", "a.example"),
        ("endpoint:https://a.example@v3", "hf", "https://a.example", "", "v3", "a.example"),
        ("endpoint:http://localhost:8080@v1.2", "hf", "http://localhost:8080", "", "v1.2", "localhost"),
        ("endpoint:https://a.example/@2026-11", "hf", "https://a.example", "", "2026-11", "a.example"),
        ("endpoint:https://a.example/v2/models/net", "v2", "https://a.example/v2/models/net", "", "", "net"),
        (
            "endpoint:http://127.0.0.1:9/x/v2/models/net/versions/7@v7",
            "v2",
            "http://127.0.0.1:9/x/v2/models/net/versions/7",
            "",
            "v7",
            "7",
        ),
        ("endpoint:hf/acme/cars", "hf", "", "acme/cars", "", "cars"),
        ("endpoint:hf/acme/cars@v3", "hf", "", "acme/cars", "v3", "cars"),
    ],
)
def test_a_spec_names_protocol_url_version_and_model(
    spec: str, protocol: str, url: str, hub_model: str, version: str, name: str
) -> None:
    found = parse_endpoint(spec)
    assert (found.protocol, found.url, found.hub_model, found.version) == (protocol, url, hub_model, version)
    assert ModelSpec.parse(spec).name == name
    assert is_unversioned(spec) is not bool(version)


@pytest.mark.parametrize(
    "spec",
    [
        "https://me:secret@a.example/x",
        "https://secret@a.example",
        "https://secret@a.example/x@v3",
        "https://me.you:secret@a.example",
        "https://user@v3@a.example/",
        "https://a.example/x?key=secret",
        "https://a.example#secret",
        "ftp://me:secret@a.example",
    ],
)
def test_a_url_with_a_secret_is_refused_without_showing_it(spec: str) -> None:
    for parse in (parse_endpoint, ModelSpec.parse):
        with pytest.raises(UserError) as error:
            parse(f"endpoint:{spec}")
        (line,) = error.value.lines
        assert "secret" not in line.replace("could hold a secret", "")
        assert "you" not in line


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("endpoint:", "model 'endpoint:': names no endpoint; write endpoint:https://host/path, "),
        ("endpoint:a.example/x", "names no endpoint"),
        ("endpoint:https://", "names no endpoint"),
        ("endpoint:https://a.example:99999/", "names no endpoint"),
        ("endpoint:https://[::1/", "names no endpoint"),
        ("endpoint:hf/cars", "model 'endpoint:hf/cars': write endpoint:hf/org/name"),
        ("endpoint:https://a.example/x@v 3", "a version has only letters, digits, _, ., + and -"),
    ],
)
def test_a_spec_that_names_nothing_is_one_line(spec: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        parse_endpoint(spec)
    (line,) = error.value.lines
    assert message in line


def test_hosts_that_may_have_the_token() -> None:
    assert is_hf_host("https://router.huggingface.co/x")
    assert is_hf_host("https://abc.eu-west-1.aws.endpoints.huggingface.cloud")
    assert is_hf_host("https://me-space.hf.space")
    assert not is_hf_host("https://huggingface.co.evil.example/")
    assert not is_hf_host("https://evilhuggingface.co/")
    assert not is_hf_host("https://evil.example/huggingface.co")
    assert is_loopback("http://127.0.0.1:1/")
    assert is_loopback("http://[::1]/")
    assert not is_loopback("http://127.0.0.1.evil.example/")
