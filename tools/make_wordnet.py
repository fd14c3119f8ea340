"""Make `common/wordnet.tsv`, the part of WordNet 3.0 above the classes of ImageNet-1k: `make_wordnet.py data.noun`.

`data.noun` is part of the database of WordNet 3.0, as https://wordnet.princeton.edu and the Debian package
`wordnet-base` have it; ImageNet's ids are the offsets in this file. Every class is held against its names there.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tierbench.common.imagenet import imagenet_classes, wordnet_ids

TABLE = Path(__file__).parents[1] / "benchmark" / "tierbench" / "common" / "wordnet.tsv"
_HEAD = """\
What is above the classes of ImageNet-1k in WordNet 3.0, made by tools/make_wordnet.py: WordNet id, names, and the ids
that are directly below it and lead to a class.

WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved.

This software and database is being provided to you, the LICENSEE, by Princeton University under the following license.
By obtaining, using and/or copying this software and database, you agree that you have read, understood, and will comply
with these terms and conditions: Permission to use, copy, modify and distribute this software and database and its
documentation for any purpose and without fee or royalty is hereby granted, provided that you agree to comply with the
following copyright notice and statements, including the disclaimer, and that the same appear on ALL copies of the
software, database and documentation, including modifications that you make for internal use or for distribution.

THIS SOFTWARE AND DATABASE IS PROVIDED "AS IS" AND PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES, EXPRESS
OR IMPLIED. BY WAY OF EXAMPLE, BUT NOT LIMITATION, PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES OF
MERCHANTABILITY OR FITNESS FOR ANY PARTICULAR PURPOSE OR THAT THE USE OF THE LICENSED SOFTWARE, DATABASE OR
DOCUMENTATION WILL NOT INFRINGE ANY THIRD PARTY PATENTS, COPYRIGHTS, TRADEMARKS OR OTHER RIGHTS.

The name of Princeton University or Princeton may not be used in advertising or publicity pertaining to distribution of
the software and/or database. Title to copyright in this software, database and any associated documentation shall at
all times remain with Princeton University and LICENSEE agrees to preserve same.
"""


class Noun(NamedTuple):
    """A sense of nouns: its names, and the ids directly above it."""

    names: tuple[str, ...]
    above: tuple[str, ...]


def read_nouns(file: Path) -> dict[str, Noun]:
    """Read `data.noun`, whose lines are described in WordNet's manual page wndb(5)."""
    nouns = {}
    for line in file.read_text(encoding="ascii").splitlines():
        if line.startswith("  "):
            # The licence.
            continue
        fields = line.partition("|")[0].split()
        pointers = 4 + 2 * int(fields[3], 16)
        names = tuple(name.replace("_", " ") for name in fields[4:pointers:2])
        pairs = zip(fields[pointers + 1 :: 4], fields[pointers + 2 :: 4], strict=False)
        # `@`: a hypernym; `@i`: what an instance is an instance of.
        nouns[f"n{fields[0]}"] = Noun(names, tuple(f"n{other}" for symbol, other in pairs if symbol in {"@", "@i"}))
    return nouns


def directly_below(nouns: Mapping[str, Noun]) -> dict[str, list[str]]:
    """Return what is above the classes of ImageNet-1k → the ids directly below it that lead to a class."""
    below: dict[str, list[str]] = {}
    todo = list(wordnet_ids())
    while todo:
        each = todo.pop()
        for above in nouns[each].above:
            if above not in below:
                todo.append(above)
            below.setdefault(above, []).append(each)
    return below


def main() -> None:
    """Write the table."""
    nouns = read_nouns(Path(sys.argv[1]))
    for known in imagenet_classes():
        if ", ".join(nouns[known.wordnet_id].names) != known.label:
            sys.exit(f"{known.wordnet_id} is {nouns[known.wordnet_id].names}, not {known.label!r}: not WordNet 3.0")
    lines = [f"# {line}".rstrip() for line in _HEAD.splitlines()]
    for each, ids in sorted(directly_below(nouns).items()):
        lines.append("\t".join((each, ", ".join(nouns[each].names), " ".join(sorted(ids)))))
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
