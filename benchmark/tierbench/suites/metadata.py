"""Read `metadata.csv`, one case per row, and report every problem with its row."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tierbench.common.files import read_text
from tierbench.common.text import listed, suggestion
from tierbench.suites.case import Case, Thresholds
from tierbench.suites.expectation import TWIN, Expectation, parse_expectation
from tierbench.suites.file_names import file_name_problem
from tierbench.suites.packages import package_url_problem
from tierbench.suites.problems import Problems
from tierbench.suites.settings import THRESHOLD_RANGES, SuiteSettings, make_thresholds
from tierbench.suites.tags import refused_tag
from tierbench.suites.twins import check_twins, row_problems

REQUIRED = ("file_name", "label", "tier")
OPTIONAL = (
    "id",
    "twin",
    *THRESHOLD_RANGES,
    "tags",
    "group",
    "known_issue",
    "ladder",
    "url",
    "sha256",
    "source",
    "license",
    "notes",
)
COLUMNS = REQUIRED + OPTIONAL
# A note may have any length.
csv.field_size_limit(2**31 - 1)

ID = re.compile(r"[a-z0-9_-]+")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_HTTPS = re.compile(r"https://[^\s/]+/\S+")


def read_cases(suite: str, folder: Path, settings: SuiteSettings, problems: Problems) -> list[Case]:
    """Read and check every row of `metadata.csv`.

    Args:
        suite: name of the suite.
        folder: the suite folder, absolute.
        settings: the content of `suite.toml`.
        problems: receives one line per problem.

    Returns:
        The cases and twins of the rows without problems, in the order of the file.
    """
    file = folder / "metadata.csv"
    try:
        text = read_text(file)
    except UnicodeDecodeError as error:
        problems.add(file, f"is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8")
        return []
    except FileNotFoundError:
        problems.add(file, "is missing; add a first image with `tierbench add`, or write the file yourself")
        return []
    except OSError as error:
        problems.add(file, f"cannot be read: {error.strerror}; every suite folder needs a metadata.csv")
        return []
    cases: list[Case] = []
    row_of: dict[str, int] = {}
    bad: set[str] = set()
    for number, row in _rows(text, file, settings, problems):
        reader = _RowReader(suite, folder, file, settings, problems, number, row)
        case = reader.case()
        if case is None:
            bad.add(reader.case_id)
            continue
        if case.id in row_of:
            problems.add(
                file,
                f"id {case.id!r} is already used in row {row_of[case.id]}; give one of them another id",
                number,
            )
            continue
        row_of[case.id] = number
        cases.append(case)
    check_twins(cases, bad, file, problems)
    return cases


def _rows(text: str, file: Path, settings: SuiteSettings, problems: Problems) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    known = COLUMNS + tuple(settings.parameters)
    try:
        header = [name.strip() for name in next(reader, [])]
        if separator := _other_separator(header):
            problems.add(file, f"{separator} separate the columns; save the file with commas between them", 1)
            return
        missing = [name for name in REQUIRED if name not in header]
        if missing:
            problems.add(file, f"column {listed(missing)} is missing; the first row must name {listed(REQUIRED)}", 1)
        for name in dict.fromkeys(header):
            if name not in known:
                problems.add(
                    file,
                    f"unknown column {name!r}; {suggestion(name, known)} "
                    "(declare numeric columns of your own in suite.toml under [parameters])",
                    1,
                )
            elif header.count(name) > 1:
                problems.add(file, f"column {name!r} appears twice; remove one", 1)
        if missing:
            return
        first_line = reader.line_num + 1
        for values in reader:
            number, first_line = first_line, reader.line_num + 1
            if not any(value.strip() for value in values):
                continue
            if len(values) != len(header):
                separator = _other_separator(values)
                fix = f"{separator} separate them; write commas" if separator else "put a text with a comma in quotes"
                problems.add(file, f"has {len(values)} fields, but the header has {len(header)}; {fix}", number)
                continue
            yield number, {name: value.strip() for name, value in zip(header, values, strict=True)}
    except csv.Error as error:
        problems.add(file, f"is not valid CSV: {error}; fix the quotes in this line", reader.line_num)


def _other_separator(cells: list[str]) -> str:
    """Return what seems to separate the columns of a row that has no comma; empty if nothing does."""
    if len(cells) == 1:
        for separator, name in ((";", "semicolons"), ("\t", "tabs")):
            if cells[0].count(separator) >= len(REQUIRED) - 1:
                return name
    return ""


class _RowReader:
    """Converts one row to a case and reports its problems."""

    def __init__(
        self,
        suite: str,
        folder: Path,
        file: Path,
        settings: SuiteSettings,
        problems: Problems,
        number: int,
        row: dict[str, str],
    ) -> None:
        self.suite, self.folder, self.file = suite, folder, file
        self.settings, self.problems = settings, problems
        self.number, self.row = number, row
        self.good = True
        self.case_id = ""

    def case(self) -> Case | None:
        file_name = self._file_name()
        self.case_id = self._id(file_name)
        ladder = self._ladder()
        tier = self._tier(ladder)
        expected = self._expected()
        case = Case(
            suite=self.suite,
            id=self.case_id,
            file_name=file_name,
            path=self.folder / file_name,
            home=self.folder,
            expected=expected.concepts,
            tier=tier,
            thresholds=self._thresholds(tier, expected),
            tags=self._tags(),
            group=self.row.get("group", "") or self.case_id,
            known_issue=self.row.get("known_issue", ""),
            ladder=ladder,
            url=self._url(),
            sha256=self._sha256(),
            source=self.row.get("source", ""),
            license=self.row.get("license", ""),
            notes=self.row.get("notes", ""),
            parameters=self._parameters(ladder),
            row=self.number,
            absent=expected.absent,
            twin=self.row.get("twin", ""),
        )
        for problem in row_problems(case):
            self._problem(problem)
        return case if self.good else None

    def _problem(self, message: str) -> None:
        self.good = False
        self.problems.add(self.file, message, self.number)

    def _file_name(self) -> str:
        name = self.row["file_name"]
        if problem := file_name_problem(name):
            self._problem(problem)
        return name

    def _id(self, file_name: str) -> str:
        declared = self.row.get("id", "")
        if not declared and not self.good:
            return ""  # it would come from file_name, whose problem is already reported
        case_id = declared or PurePosixPath(file_name).stem
        if not ID.fullmatch(case_id):
            where = f"id {case_id!r}" if declared else f"id {case_id!r} (from file_name)"
            self._problem(f"{where} may contain only a-z, 0-9, _ and -; write an id in the id column")
        elif len(case_id) > 100:
            self._problem(f"id {case_id!r} is longer than 100 characters; write a shorter one")
        return case_id

    def _expected(self) -> Expectation:
        try:
            return parse_expectation(self.row["label"])
        except ValueError as error:
            self._problem(str(error))
            return Expectation(("",))

    def _tier(self, ladder: str) -> int | None:
        text = self.row["tier"]
        if not text and (ladder or self.row["label"] == TWIN):
            return None
        if ladder:
            self._problem("a step of a ladder has no tier; leave tier or ladder empty")
        elif not re.fullmatch(r"[0-9]{1,6}", text) or int(text) < 1:
            self._problem(f"tier {text!r} is not an integer ≥ 1; write 1, 2 or 3")
        else:
            return int(text)
        return None

    def _ladder(self) -> str:
        name = self.row.get("ladder", "")
        if name and name not in self.settings.ladders:
            self._problem(f"ladder {name!r} is not declared; add [ladders.{name}] to suite.toml")
        return name

    def _number(self, column: str, low: float, high: float) -> float | None:
        text = self.row.get(column, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            self._problem(f"{column} {text!r} is not a number from {low:g} to {high:g}")
            return None
        return value

    def _thresholds(self, tier: int | None, expected: Expectation) -> Thresholds:
        # Thresholds of a tier are about the recognition of what is there.
        declared = {} if expected.absent else dict(self.settings.thresholds.get(tier or 0, {}))
        for name, (low, high) in THRESHOLD_RANGES.items():
            value = self._number(name, low, high)
            if value is not None:
                declared[name] = value
                if expected.absent:
                    self._problem(f"an absence case has no threshold; leave {name} empty")
        rank = declared.get("max_rank", 1.0)
        if rank != int(rank):
            self._problem(f"max_rank {rank:g} is not a whole number")
        return make_thresholds(declared)

    def _tags(self) -> tuple[str, ...]:
        tags = tuple(dict.fromkeys(self.row.get("tags", "").split()))
        for tag in tags:
            if reason := refused_tag(tag):
                self._problem(f"tag {tag!r} cannot be a marker: {reason}; choose another")
        return tags

    def _url(self) -> str:
        url = self.row.get("url", "")
        if url.startswith("package:") and (problem := package_url_problem(url)):
            self._problem(problem)
        elif url and not url.startswith("package:") and not _HTTPS.fullmatch(url):
            self._problem(f"url {url!r} must be https://… or package:NAME/path/in/package; fix the url")
        elif url and not self.row.get("sha256"):
            self._problem("url needs the sha256 of the image; fill in the column sha256")
        return url

    def _sha256(self) -> str:
        digest = self.row.get("sha256", "")
        if digest and not _SHA256.fullmatch(digest):
            self._problem(f"sha256 {digest!r} is not 64 hexadecimal digits; `sha256sum FILE` prints it")
        return digest.lower()

    def _parameters(self, ladder: str) -> dict[str, float]:
        values: dict[str, float] = {}
        for name in self.settings.parameters:
            value = self._number(name, -1e300, 1e300)
            if value is not None:
                values[name] = value
        declared = self.settings.ladders.get(ladder)
        if declared and declared.parameter not in values and declared.parameter in self.settings.parameters:
            self._problem(f"a step of ladder {ladder!r} needs a value in {declared.parameter!r}")
        return values
