"""A shard: the part of a run that one of several machines computes, chosen by the hash of each id."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from tierbench.common.errors import UserError
from tierbench.common.text import one_line

# More would leave shards of most sets empty.
MOST = 100_000


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard of a run.

    Attributes:
        number: which one it is, from 1.
        of: the number of shards.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str, option: str = "--robust-shard") -> Shard:
        """Parse `i/N`.

        Raises:
            UserError: if it does not have this form, or `i` does not lie between 1 and `N`.
        """
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip(), re.ASCII)
        number, of = map(int, match.groups()) if match else (0, 0)
        if not 1 <= number <= of <= MOST:
            raise UserError(
                f"{option} {one_line(text, 60)!r} is no shard; write i/N with 1 ≤ i ≤ N ≤ {MOST}, such as 1/3"
            )
        return cls(number, of)

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def has(self, key: str) -> bool:
        """Return whether the shard has the case `suite/id` or the picture `set/id`.

        That depends on the key and the number of shards alone: it is the same on every machine, and in every release.
        """
        digest = hashlib.sha256(key.encode("utf-8", "backslashreplace")).digest()
        return int.from_bytes(digest[:8], "big") % self.of == self.number - 1
