"""Entries of `[labels]` written into a `suite.toml` that people edit."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tierbench.common.errors import UserError
from tierbench.suites.label_editing import with_labels

FILE = Path("suite.toml")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", '[labels]\ncab = ["n1"]\n'),
        ('description = "x"', 'description = "x"\n\n[labels]\ncab = ["n1"]\n'),
        ('description = "x"\n', 'description = "x"\n\n[labels]\ncab = ["n1"]\n'),
        # The rest of the file is unchanged, comments included.
        (
            ' [ labels ] # ours\nship = "liner"\n[tiers.1]\n',
            ' [ labels ] # ours\ncab = ["n1"]\nship = "liner"\n[tiers.1]\n',
        ),
        ('\ufeff[labels]\r\nship = "liner"\r\n', '[labels]\r\ncab = ["n1"]\nship = "liner"\r\n'),
        ("[labels]", '[labels]\ncab = ["n1"]\n'),
        # An entry that is there is kept.
        ('[labels]\ncab = "taxi"\n', '[labels]\ncab = "taxi"\n'),
    ],
)
def test_an_entry_is_added_where_it_belongs(text: str, after: str) -> None:
    assert with_labels(FILE, text.encode(), {"cab": ["n1"]}) == after


@pytest.mark.parametrize("name", ["beach wagon", "crane (n02012849)", 'a "b" \\ c', "é\x7f\n", "a.b", "été"])
def test_any_name_is_written_as_toml(name: str) -> None:
    assert tomllib.loads(with_labels(FILE, b"", {name: [name]})) == {"labels": {name: [name]}}


@pytest.mark.parametrize("text", ['labels = {ship = "liner"}\n', 'labels.ship = "liner"\n', "labels = 3\n"])
def test_a_form_to_which_none_can_be_added_is_one_line(text: str) -> None:
    with pytest.raises(UserError, match=r"suite.toml: labels is written in a form to which none can be added; write"):
        with_labels(FILE, text.encode(), {"cab": ["n1"]})


@pytest.mark.parametrize("content", [b"[labels", b"\xff", b"a = " + b"[" * 5000])
def test_a_broken_file_is_one_line(content: bytes) -> None:
    with pytest.raises(UserError, match=r"suite.toml: cannot be read as TOML: .*; fix the file"):
        with_labels(FILE, content, {"cab": ["n1"]})
