"""Find the token for an endpoint, and keep it out of everything that is shown or written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from tierbench.common.errors import UserError
from tierbench.models.endpoint_spec import is_hf_host, is_loopback

_HUB = "the token of huggingface_hub (`hf auth login`, or HF_TOKEN)"


@dataclass(frozen=True, slots=True)
class Token:
    """A token, or that there is none.

    Attributes:
        source: where it comes from; empty if there is none.
    """

    source: str = ""
    _value: str = field(default="", repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that carry it."""
        return {"authorization": f"Bearer {self._value}"} if self._value else {}

    @property
    def advice(self) -> str:
        """What to do where it is refused."""
        if self._value:
            return f"check {self.source}"
        return (
            "no token was sent: name the environment variable that holds one with --robust-endpoint-token, or for "
            "Hugging Face, log in with `hf auth login`"
        )

    def removed_from(self, text: str) -> str:
        """Return the text without the token, which a server may repeat."""
        return text.replace(self._value, "…") if self._value else text


def find_token(url: str, variable: str, place: str) -> Token:
    """Return the token to send to a URL: that in an environment variable, or that of huggingface_hub for its hosts.

    Args:
        url: where it would be sent.
        variable: the environment variable that the user named; empty: none.
        place: the model, for messages.

    Raises:
        UserError: if it is not a token, or would be sent so that others can read it.
    """
    if variable:
        token = Token(f"the token in the environment variable {variable}", os.environ.get(variable, "").strip())
    elif is_hf_host(url):
        from huggingface_hub import get_token

        token = Token(_HUB, get_token() or "")
    else:
        token = Token()
    if not token.headers:
        return Token()
    if not (token._value.isascii() and token._value.isprintable()) or " " in token._value:
        raise UserError(f"{place}: {token.source} has characters that no token has; set it again")
    if url.startswith("http:") and not is_loopback(url):
        raise UserError(f"{place}: {token.source} would be sent unencrypted; write https://, or leave the token out")
    return token
