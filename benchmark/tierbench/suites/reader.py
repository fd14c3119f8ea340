"""Find suite folders and read them: settings, rows, images, published scores."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tierbench.common.files import is_folder, is_regular, read_regular, read_text, shown_path
from tierbench.suites.case import Case, Published, Suite, Tier
from tierbench.suites.locating import locate
from tierbench.suites.metadata import COLUMNS, read_cases
from tierbench.suites.problems import Problems
from tierbench.suites.prompts import misspelt_prompts
from tierbench.suites.settings import read_suite_settings

SUITE_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PUBLISHED_COLUMNS = ("case", "model", "label", "score")


def find_suites(paths: Iterable[Path], problems: Problems) -> list[Path]:
    """Return the suite folders at the paths: a path is a suite, or a folder of suites.

    Args:
        paths: absolute paths.
        problems: receives a line for each path without a suite, and for each name that is not valid or used twice.
    """
    folders: dict[str, Path] = {}
    for path in paths:
        if _is_suite(path):
            found = [path]
        elif is_folder(path):
            found = sorted(child for child in path.iterdir() if _is_suite(child))
            if not found:
                problems.add(path, "has no suite: neither it nor a folder in it has a metadata.csv; add one")
        else:
            problems.add(path, "is not a folder; name a suite folder or a folder of suites (--robust-cases)")
            continue
        for folder in found:
            if not SUITE_NAME.fullmatch(folder.name):
                problems.add(folder, "the name of a suite folder may contain only letters, digits, _ and -; rename it")
            elif folders.setdefault(folder.name, folder) != folder:
                problems.add(folder, f"has the same name as {shown_path(folders[folder.name])}; rename one")
    return list(folders.values())


def _is_suite(folder: Path) -> bool:
    # Settings alone count too: reading the suite then reports the missing metadata.csv.
    return any(is_regular(folder / name) for name in ("metadata.csv", "suite.toml"))


def read_suites(paths: Sequence[Path]) -> tuple[list[Suite], list[str]]:
    """Read every suite at the paths.

    Returns:
        The suites, with the cases that could be read; and one line per problem.
    """
    problems = Problems()
    suites = [read_suite(folder, problems) for folder in find_suites(paths, problems)]
    return suites, problems.lines


def read_suite(folder: Path, problems: Problems) -> Suite:
    """Read one suite folder; problems are added to `problems`."""
    folder = folder.absolute()
    metadata, toml = folder / "metadata.csv", folder / "suite.toml"
    settings = read_suite_settings(toml, COLUMNS, problems)
    cases: list[Case] = []
    needs: dict[str, None] = {}
    plain: set[Path] = set()
    for case in read_cases(folder.name, folder, settings, problems):
        located, need = locate(case, folder, metadata, problems, plain)
        cases.append(located)
        if need:
            needs[need] = None
    tiers = {case.tier for case in cases if case.tier is not None}
    ids = {case.id for case in cases if not case.is_twin}
    suite = Suite(
        name=folder.name,
        folder=folder,
        description=settings.description,
        cases=tuple(case for case in cases if not case.is_twin),
        tiers={number: settings.tiers.get(number, Tier(number)) for number in sorted(tiers)},
        concepts=settings.labels,
        parameters=settings.parameters,
        ladders=settings.ladders,
        corruptions=settings.corruptions,
        gates=settings.gates,
        max_slipping=settings.max_slipping,
        published=_read_published(folder / "published.csv", ids, problems),
        fetch_hint=" and ".join(_command(need, folder) for need in needs),
        digest=_digest((metadata, toml)),
        twins={case.id: case for case in cases if case.is_twin},
        max_false_alarms=settings.max_false_alarms,
        prompts=settings.prompts,
    )
    for line in misspelt_prompts(suite.prompts, [*suite.concepts, *suite.expected_concepts]):
        problems.add(toml, line)
    return suite


def _command(need: str, folder: Path) -> str:
    if need != "fetch":
        return need
    by_name = folder.parent == Path.cwd() / "cases"
    return f"tierbench fetch {folder.name if by_name else shown_path(folder)}"


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        try:
            content = read_regular(file)
        except OSError:
            content = b""
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def _read_published(file: Path, ids: set[str], problems: Problems) -> tuple[Published, ...]:
    """Read the published predictions of other models: rows of case, model, label, score."""
    published: list[Published] = []
    try:
        with io.StringIO(read_text(file), newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            if tuple(reader.fieldnames or ()) != _PUBLISHED_COLUMNS:
                problems.add(file, f"the first row must be {','.join(_PUBLISHED_COLUMNS)}", 1)
                return ()
            for row in reader:
                try:
                    entry = Published(row["case"], row["model"], row["label"], float(row["score"]))
                except (TypeError, ValueError):
                    problems.add(file, f"score {row['score']!r} is not a number from 0 to 1", reader.line_num)
                    continue
                if entry.case not in ids:
                    problems.add(file, f"case {entry.case!r} is not in the suite; fix the id", reader.line_num)
                elif not 0 <= entry.score <= 1:
                    problems.add(file, f"score {entry.score!r} is not a number from 0 to 1", reader.line_num)
                else:
                    published.append(entry)
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.add(file, f"cannot be read: {error}; save it as CSV in UTF-8")
    return tuple(published)
