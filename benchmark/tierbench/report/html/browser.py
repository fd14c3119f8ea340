"""Build the data of the browser of cases: every row of a run as compact JSON for the page's scripts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from markupsafe import Markup

from tierbench.common.text import one_line
from tierbench.report.html.rows import CaseView, concepts_by_label
from tierbench.suites.case import Suite

# The values of a row, in this order: positions in `texts`, then lists of such positions, then plain values.
_TEXT = (
    *("suite", "case", "model", "place", "outcome", "change", "predicted", "reason", "known_issue", "notes", "url"),
    *("picture", "nodeid", "ladder", "step", "corruption", "source", "log"),
)
_TEXTS = ("expected", "tags")
_PLAIN = (
    *("tier", "confidence", "score", "rank", "margin", "passed", "baseline_score", "thresholds", "top"),
    *("baseline_top", "published", "facts", "severity", "twin"),
)
_MOST_CHARACTERS = {"nodeid": 1000, "notes": 2000, "reason": 600, "known_issue": 600}
_LIMITS = tuple(_MOST_CHARACTERS.get(name, 400) for name in _TEXT[:-1])
_MOST_LOG = 20_000
# The texts of a view on both sides of its place, which is computed, and without its log.
_before_place, _behind_place = attrgetter(*_TEXT[:3]), attrgetter(*_TEXT[4:-1])
# `<` would end the script element that holds the data, or begin a comment in it; the others end a line of a script.
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class _Texts:
    """Texts by position, each once: labels and tags are repeated in thousands of rows."""

    def __init__(self) -> None:
        self.shown: list[str] = [""]
        # Asked for directly where there are many: a call takes longer than the look-up.
        self.known = {"": 0}

    def at(self, text: str, limit: int = 400) -> int:
        """Return the position of a text, which is made safe for one line."""
        position = self.known.get(text)
        return self._add(text, one_line(text, limit)) if position is None else position

    def lines_at(self, text: str) -> int:
        """Return the position of a text of several lines; of a long one the end is kept."""
        position = self.known.get(text)
        if position is not None:
            return position
        return self._add(text, "\n".join(one_line(line, 2000) for line in text[-_MOST_LOG:].split("\n")))

    def _add(self, text: str, shown: str) -> int:
        self.known[text] = len(self.shown)
        self.shown.append(shown)
        return len(self.shown) - 1


class Concepts:
    """The concept that each label counts as, by suite and model.

    Args:
        suites: the suites that were run.
        cards: the model cards by model.
    """

    def __init__(self, suites: Sequence[Suite], cards: Mapping[str, Mapping[str, Any]]) -> None:
        self._suites = {suite.name: suite for suite in suites}
        self._cards = cards
        self._known: dict[tuple[str, str], dict[str, str]] = {}

    def of(self, view: CaseView) -> dict[str, str]:
        """Return the concepts of the labels of the view's model."""
        key = (view.suite, view.model)
        if key not in self._known:
            labels = self._cards.get(view.model, {}).get("labels") or [label for label, _ in view.top]
            self._known[key] = concepts_by_label(self._suites.get(view.suite), [str(label) for label in labels])
        return self._known[key]

    def of_labels(self, view: CaseView, top: Sequence[tuple[str, float]]) -> dict[str, str]:
        """Return the concepts of labels that are not the model's."""
        return concepts_by_label(self._suites.get(view.suite), [label for label, _ in top])


class BrowserData:
    """The data of the browser, to which rows are added one by one: of 100,000 cases, all views at once are .4 GB.

    Args:
        concepts: what the labels count as.
    """

    def __init__(self, concepts: Concepts) -> None:
        self._concepts = concepts
        self._texts = _Texts()
        self._rows: list[str] = []

    def add(self, view: CaseView) -> None:
        """Add a row."""
        self._rows.append(as_script(_row(view, self._texts, self._concepts)))

    def script(self, *, run: str, models: Sequence[str]) -> str:
        """Return the data, escaped for an element `<script type="application/json">`.

        Args:
            run: name of the run, for the command that accepts cases.
            models: names of the models, best first.
        """
        columns = {"text": _TEXT, "texts": _TEXTS, "plain": _PLAIN}
        data = {"run": run, "models": [self._texts.at(name) for name in models], "columns": columns}
        # Escaped already, and joined once: the rows are most of the page.
        rows, texts = ",".join(self._rows), as_script(self._texts.shown)
        return f'{as_script(data)[:-1]},"rows":[{rows}],"texts":{texts}}}'


_ENCODER = msgspec.json.Encoder(enc_hook=str)


def as_script(data: Any) -> Markup:
    """Return a value as JSON that is inert in an element `<script type="application/json">`."""
    # Lone surrogates, which file names can hold, are not UTF-8.
    text = _ENCODER.encode(data).decode("utf-8")
    for character, escape in _ESCAPES.items():
        if character in text:
            text = text.replace(character, escape)
    return Markup(text)  # noqa: S704 # escaped above


def _row(view: CaseView, texts: _Texts, concepts: Concepts) -> list[Any]:
    at, known = texts.at, texts.known
    counting = concepts.of(view)

    def bars(top: Sequence[tuple[str, float]], counts_as: Mapping[str, str]) -> list[list[Any]]:
        """Return each label with its probability, and the expected concept that it counts as, if it does."""
        return [
            [
                known[label] if label in known else at(label, 120),
                round(probability, 4),
                *((at(counts_as[label]),) if counts_as.get(label) in view.expected else ()),
            ]
            for label, probability in top
        ]

    thresholds = [[at(each.name), at(each.got), at(each.wanted), each.met] for each in view.thresholds]
    published = [[at(each.model), bars(each.top, concepts.of_labels(view, each.top))] for each in view.published]
    text = [
        known[value] if value in known else at(value, limit)
        for value, limit in zip((*_before_place(view), _place(view), *_behind_place(view)), _LIMITS, strict=True)
    ]
    return [
        *text,
        texts.lines_at(view.log),
        [at(each) for each in view.expected],
        [at(tag) for tag in view.tags],
        view.tier,
        _rounded(view.confidence),
        _rounded(view.score),
        view.rank,
        _rounded(view.margin),
        view.passed,
        _rounded(view.baseline_score),
        thresholds,
        bars(view.top, counting),
        bars(view.baseline_top, counting),
        published,
        [[at(name), at(fact)] for name, fact in view.facts],
        view.severity,
        view.twin and [at(view.twin.case), at(view.twin.picture), *map(_rounded, view.twin.log_margin)],
    ]


def _place(view: CaseView) -> str:
    """Return where the case counts: its tier, or what it is instead."""
    if view.tier is not None:
        return f"tier {view.tier}"
    if view.corruption:
        return f"{view.corruption.replace('_', ' ')}, severity {view.severity}"
    return "ladder" if view.ladder else "absence" if view.absent else ""


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
