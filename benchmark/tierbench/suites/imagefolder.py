"""Names that Hugging Face takes for splits of a data set, so that `load_dataset("imagefolder")` drops all other files.

`datasets` looks for these words in the names of all files and folders (`data_files.py`, `SPLIT_KEYWORDS` and the
patterns after it). As soon as one name has one, only files with such names are read: pictures without are dropped, and
so is `metadata.csv` with all labels.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

# The words, as `datasets` spells them: it does not ignore case.
SPLIT_WORDS = ("train", "training", "validation", "valid", "val", "dev", "test", "testing", "eval", "evaluation")
_SEPARATOR = "[-._ 0-9]"
_WORDS = "|".join(SPLIT_WORDS)
# In the name of a file, a separator follows the word; that of a folder may end in it.
_IN_FILE = re.compile(rf"(?:.*{_SEPARATOR})?({_WORDS}){_SEPARATOR}.*", re.DOTALL)
_IN_FOLDER = re.compile(rf"(?:.*{_SEPARATOR})?({_WORDS})(?:{_SEPARATOR}.*)?", re.DOTALL)
_ANYWHERE = re.compile(rf"(?:(?<=^)|(?<={_SEPARATOR}))({_WORDS})(?=$|{_SEPARATOR})")
_IGNORED = frozenset({"README.md", "config.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json"})


def split_word(file_name: str) -> str:
    """Return the word in a path inside a suite folder that is taken for a split; empty if there is none."""
    *folders, name = file_name.split("/")
    if name in _IGNORED or name.startswith(".") or any(folder.startswith((".", "__")) for folder in folders):
        return ""
    matches = [*(_IN_FOLDER.fullmatch(folder) for folder in folders), _IN_FILE.fullmatch(name)]
    return next((match[1] for match in matches if match), "")


def without_split_words(stem: str) -> str:
    """Return the name of a file, without its suffix, so that no word in it is taken for a split: `trainpic_2`."""
    return _ANYWHERE.sub(r"\1pic", stem)


def split_names(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each file of a suite folder whose path has such a word, with the word; sorted."""
    for directory, folders, names in os.walk(folder):
        folders.sort()
        inside = Path(directory).relative_to(folder)
        for name in sorted(names):
            path = (inside / name).as_posix()
            if word := split_word(path):
                yield path, word
