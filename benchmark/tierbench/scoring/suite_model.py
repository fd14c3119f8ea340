"""Bind a model to a suite: a zero-shot model gets the suite's concepts as its labels, any other keeps its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tierbench.common.text import one_line
from tierbench.models.classifier import Classifier, Promptable
from tierbench.models.identity import Identity, identity_of
from tierbench.scoring.labels import SKIP, LabelSpace, label_problems, map_concepts, own_space
from tierbench.suites.case import Suite


@dataclass(frozen=True)
class SuiteModel:
    """A model as one suite asks it.

    Attributes:
        suite: the suite.
        classifier: what predicts its cases.
        identity: what that says of itself.
        space: the concepts of the suite, mapped to its labels.
        prompted: whether its labels are the concepts of the suite.
    """

    suite: Suite
    classifier: Classifier
    identity: Identity
    space: LabelSpace
    prompted: bool = False

    def problems(self, model: str, *, missing_is_problem: bool = True, otherwise: str = SKIP) -> list[str]:
        """List the problems of the suite's concepts and the model's labels; for the arguments see `label_problems`."""
        if not self.prompted:
            return label_problems(
                self.suite, self.space, model, missing_is_problem=missing_is_problem, otherwise=otherwise
            )
        alone = [concept for concept, indices in self.space.concepts.items() if not indices]
        return [
            f"suite {self.suite.name!r}: its only concept is {one_line(concept)!r}, and the zero-shot model {model!r} "
            "would see it in every picture; name what else a picture may show in [prompts.concepts] of suite.toml, "
            f'as in house = ["a photo of a house."], or {otherwise}'
            for concept in (alone if missing_is_problem and self.suite.cases else ())
        ]


def bind(
    classifier: Classifier, suite: Suite, *, identity: Identity | None = None, kept: Path | None = None
) -> SuiteModel:
    """Return a model as a suite asks it.

    Args:
        classifier: the model.
        suite: the suite; the labels of a zero-shot model depend on no other suite, and on no selection of cases.
        identity: of the model, if it is known.
        kept: folder where the embeddings of texts are kept between runs; None: they are not.

    Raises:
        UserError: if the model is no usable classifier.
    """
    identity = identity or identity_of(classifier)
    if not isinstance(classifier, Promptable):
        return SuiteModel(suite, classifier, identity, map_concepts(suite, identity.labels))
    concepts = suite.prompted_concepts
    if len(concepts) < 2:
        # Of one label, every picture would be recognised as it.
        return SuiteModel(suite, classifier, identity, LabelSpace((), dict.fromkeys(concepts, ())), prompted=True)
    bound = classifier.for_concepts(concepts, suite.prompts, kept)
    own = identity_of(bound)
    named = replace(own, origin="\0".join(filter(None, (identity.origin, own.origin))))
    return SuiteModel(suite, bound, named, own_space(concepts), prompted=True)
