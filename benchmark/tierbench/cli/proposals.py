"""What models say of images before they are added: whether they know the label, and which tier to propose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from tierbench.common.errors import UserError
from tierbench.common.text import one_line, plural
from tierbench.models import Classifier
from tierbench.models.classifier import Promptable
from tierbench.scoring.labels import label_hint, map_concepts, short_label
from tierbench.scoring.results import CaseResult
from tierbench.scoring.suite_model import bind
from tierbench.suites import Case, Suite, Thresholds, Tier
from tierbench.suites.expectation import Expectation

_SET_TIER = "set the tier with --tier"


@dataclass(frozen=True)
class Images:
    """Images that are about to be added to a suite.

    Attributes:
        files: the image files.
        expected: what they show.
        suite: the suite as it is; without cases if it is new.
        tier: the tier that was given; None: it is to be proposed.
        thresholds: what their predictions must reach.
    """

    files: Sequence[Path]
    expected: Expectation
    suite: Suite
    tier: int | None
    thresholds: Thresholds

    def cases(self) -> list[Case]:
        """Return the images as cases, with their numbers as ids."""
        return [
            Case(
                self.suite.name,
                str(number),
                file.name,
                file.absolute(),
                self.expected.concepts,
                self.tier or 1,
                self.thresholds,
                absent=self.expected.absent,
            )
            for number, file in enumerate(self.files)
        ]


def unknown_labels(images: Images, models: Mapping[str, Classifier]) -> list[str]:
    """Return a line for each expected concept that no model has a label for; see `unknown_concepts`."""
    who = "no model" if models else "neither the suite nor the built-in model"
    return [
        f"--label: {who} knows {one_line(concept)!r} ({hint}); "
        "fix it, name its labels in [labels] of suite.toml, or add it as it is with --force"
        for concept, hint in unknown_concepts(images.suite, images.expected.concepts, models).items()
    ]


def unknown_concepts(suite: Suite, concepts: Sequence[str], models: Mapping[str, Classifier]) -> dict[str, str]:
    """Return the concepts that no model has a label for, each with the nearest labels.

    Without models, the built-in model's labels and the concepts that the suite has already are the known ones.
    """
    from tierbench.models.reference import imagenet_labels

    if any(isinstance(model, Promptable) for model in models.values()):
        # It can be asked for anything.
        return {}
    own = set() if models else {*suite.concepts, *suite.expected_concepts}
    spaces = [list(model.labels) for model in models.values()] or [list(imagenet_labels())]
    asked = [concept for concept in concepts if concept not in own]
    case = Case(suite.name, "probe", "probe.png", Path("probe.png"), tuple(asked), 1, Thresholds())
    probe = _suite_for(None, suite, [case])
    mapped = [map_concepts(probe, labels) for labels in spaces]
    every = [label for labels in spaces for label in labels]
    return {
        concept: label_hint(suite.concepts.get(concept, (concept,)), every)
        for concept in asked
        if not any(space.knows(concept) for space in mapped)
    }


def proposed_tiers(images: Images, models: Mapping[str, Classifier]) -> dict[Path, int]:
    """Print the models' predictions for each image; without a tier, propose one from how many models miss it."""
    cases = images.cases()
    judged_cases = judged_by(models, images.suite, cases)
    proposed = {}
    for image, judged in zip(images.files, judged_cases, strict=True):
        if len(images.files) > 1:
            typer.echo(one_line(str(image)))
        for model_name, result in judged.items():
            typer.echo(f"  {model_name}: {_prediction_text(result)}")
        counted = _counted(judged)
        if images.tier is None and not counted:
            # There is nothing to propose a tier from.
            lines = why_not_judged(images.suite, cases, models)
            raise UserError(*lines or [f"{one_line(str(image))}: no model could judge it; {_SET_TIER}"])
        proposed[image], missed = tier_of(judged)
        if images.tier is None:
            typer.echo(f"  proposed: tier {proposed[image]}, {missed} of {plural(len(counted), 'model')} missed it")
    return proposed


def judged_by(
    models: Mapping[str, Classifier], suite: Suite, cases: Sequence[Case], max_pixels: int | None = None
) -> list[dict[str, CaseResult]]:
    """Return what each model says of each case, by the model's name; a case without a label of a model is skipped."""
    from tierbench.scoring.evaluate import judge_suite

    results = {
        model_name: judge_suite(
            classifier,
            _suite_for(classifier, suite, cases),
            cases,
            model_name,
            missing_labels="skip",
            max_pixels=max_pixels,
        )
        for model_name, classifier in models.items()
    }
    return [{model_name: own[number] for model_name, own in results.items()} for number in range(len(cases))]


def tier_of(judged: Mapping[str, CaseResult]) -> tuple[int, int]:
    """Return the tier of a case by how many models miss it, and how many do; 1: none, 3: all of several, 2: others."""
    counted = _counted(judged)
    missed = sum(not result.passed for result in counted)
    return (1 if not missed else 3 if missed == len(counted) > 1 else 2), missed


def _counted(judged: Mapping[str, CaseResult]) -> list[CaseResult]:
    """Return the results of the models that could judge the case; others do not count."""
    return [result for result in judged.values() if not result.skipped and not result.error]


def _suite_for(model: Classifier | None, suite: Suite, cases: Sequence[Case]) -> Suite:
    """Return the suite in which a model is asked for new cases; a zero-shot model is asked for all of its concepts."""
    all_cases = [*suite.cases, *cases] if isinstance(model, Promptable) else cases
    return Suite(suite.name, suite.folder, "", tuple(all_cases), {1: Tier(1)}, suite.concepts, prompts=suite.prompts)


def why_not_judged(suite: Suite, cases: Sequence[Case], models: Mapping[str, Classifier]) -> list[str]:
    """List the problems of the labels of the models with new cases of a suite."""
    return [
        line
        for model_name, classifier in models.items()
        for line in bind(classifier, _suite_for(classifier, suite, cases)).problems(model_name, otherwise=_SET_TIER)
    ]


def _prediction_text(result: CaseResult) -> str:
    if result.verdict is None:
        return one_line(result.reason)
    top = ", ".join(
        f"{one_line(short_label(name), 40)} {probability:.3f}" for name, probability in result.verdict.top[:3]
    )
    return f"{'passes' if result.passed else f'misses {_missed(result)}'} ({top})"


def _missed(result: CaseResult) -> str:
    """Return the thresholds that a prediction missed: `max_rank 1, with rank 3`."""
    verdict, limits = result.verdict, result.case.thresholds
    if verdict is None:
        return ""
    missed = []
    if verdict.rank > limits.max_rank:
        missed.append(f"max_rank {limits.max_rank}, with rank {verdict.rank}")
    if verdict.score < limits.min_score:
        missed.append(f"min_score {limits.min_score:g}, with score {verdict.score:.3f}")
    if limits.min_margin != 0 and verdict.margin < limits.min_margin:
        missed.append(f"min_margin {limits.min_margin:g}, with margin {verdict.margin:.3f}")
    return " and ".join(missed)
