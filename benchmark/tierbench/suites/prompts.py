"""Read `[prompts]` of `suite.toml`: the texts by which models that read text are asked for the suite's concepts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tierbench.common.text import suggestion
from tierbench.common.wordnet import spoken_name
from tierbench.suites.expectation import TWIN, composed, label_key
from tierbench.suites.problems import Problems

# Where a template has the concept.
_PLACES = ("{}", "{label}")
_KEYS = ("templates", "concepts")
# A concept as similar to another as this is taken for a misspelling of it.
_ALMOST = 0.85


@dataclass(frozen=True)
class Prompts:
    """The texts by which a zero-shot model is asked for concepts.

    Attributes:
        templates: texts with `{}` or `{label}` in the place of the concept; empty: those of the model.
        concepts: concept → texts of its own, which replace the templates.
    """

    templates: tuple[str, ...] = ()
    concepts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def texts(self, concept: str, default: Sequence[str]) -> tuple[str, ...]:
        """Return the texts for a concept, each once.

        Args:
            concept: the concept.
            default: the templates of the model.
        """
        own = self.concepts.get(concept)
        texts = own or tuple(_filled(template, concept) for template in self.templates or default)
        return tuple(dict.fromkeys(texts))


def _filled(template: str, concept: str) -> str:
    # Not `format`, which would fail on other braces.
    for place in _PLACES:
        template = template.replace(place, spoken_name(concept))
    return template


def concept_problem(name: str) -> str:
    """Return why the column `label` cannot have such a concept; empty if it can."""
    if name.strip() not in ("", TWIN) and not name.startswith("!") and "|" not in name:
        return ""
    return (
        f"{name!r} is not a valid concept; it must not be empty, be {TWIN!r}, begin with '!' or contain '|'; rename it"
    )


def read_prompts(table: Mapping[str, Any], file: Path, problems: Problems) -> Prompts:
    """Read and check the table `[prompts]`.

    Args:
        table: its content.
        file: path of `suite.toml`.
        problems: receives one line per problem.
    """
    for key in table:
        if key not in _KEYS:
            problems.add(file, f"unknown [prompts] key {key!r}; {suggestion(key, _KEYS)}")
    templates = _texts(table.get("templates"))
    if "templates" in table and not templates:
        problems.add(file, '[prompts] templates must be a list of texts; write templates = ["a photo of a {}."]')
    for template in templates:
        if not any(place in template for place in _PLACES):
            problems.add(file, f"[prompts] the template {template!r} has no place for the concept; write {{}} there")
    given = table.get("concepts", {})
    if not isinstance(given, dict):
        problems.add(file, "[prompts] concepts must be a table; write [prompts.concepts]")
        given = {}
    return Prompts(templates, {composed(name): texts for name, texts in _concepts(given, file, problems)})


def _concepts(table: Mapping[str, Any], file: Path, problems: Problems) -> Iterable[tuple[str, tuple[str, ...]]]:
    where = "[prompts.concepts]"
    for concept, value in table.items():
        texts = _texts(value)
        if problem := concept_problem(concept):
            problems.add(file, f"{where} {problem}")
        elif not texts:
            problems.add(file, f'{where} {concept}: must be a list of texts; write {concept} = ["a photo of a car."]')
        elif template := next((text for text in texts if any(place in text for place in _PLACES)), ""):
            problems.add(
                file,
                f"{where} {concept}: {template!r} is a template, and a concept has whole texts; "
                "write it out, or move it to templates",
            )
        else:
            yield concept, texts


def _texts(value: Any) -> tuple[str, ...]:
    """Return the texts in a value; none if it is anything but a text or a list of texts, each with a letter."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
        return ()
    return tuple(texts)


def misspelt_prompts(prompts: Prompts, concepts: Sequence[str]) -> list[str]:
    """List the concepts with texts that are written almost as a concept of the suite that has none.

    Others are no problem: they are labels of what else a picture may show.

    Args:
        prompts: the prompts of the suite.
        concepts: the concepts that its cases expect or `[labels]` names.
    """
    without = {label_key(name): name for name in concepts if name not in prompts.concepts}
    return [
        f"[prompts.concepts] {name!r} is no concept of the suite; did you mean {without[key]!r}?"
        for name in prompts.concepts
        if name not in concepts
        for key in difflib.get_close_matches(label_key(name), without, n=1, cutoff=_ALMOST)
    ]
