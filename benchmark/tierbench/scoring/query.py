"""Ask a model what it sees in pictures, and judge that where something is expected of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.progress import progress_bar
from tierbench.common.text import one_line
from tierbench.models.classifier import Classifier
from tierbench.models.identity import identity_of
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.predictor import Prediction, Predictor
from tierbench.scoring.labels import LabelSpace, label_hint
from tierbench.scoring.results import CaseResult, judge_case
from tierbench.scoring.suite_model import bind
from tierbench.suites.case import Case, Suite, Thresholds
from tierbench.suites.expectation import Expectation
from tierbench.suites.picture_file import picture_sha256
from tierbench.suites.prompts import Prompts

_NO_SUITE = Suite("", Path(), "", (), {}, {})


@dataclass(frozen=True, slots=True)
class Question:
    """A picture that a model is asked about.

    Attributes:
        image: the file, as the user named it.
        case: the picture with what is expected of it; nothing, if `case.expected` is empty.
        known_as: `suite/id` of the case that the picture is; empty if it is none.
    """

    image: str
    case: Case
    known_as: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A label with its score.

    Attributes:
        label: as the model has it.
        score: its probability.
        concept: the concept that the label counts as; empty if it counts as none.
    """

    label: str
    score: float
    concept: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model sees in a picture.

    Attributes:
        question: the picture.
        model: name of the model.
        image_sha256: hash of the bytes that were decoded.
        seen: the most probable labels, best first; empty after an error.
        result: the verdict; None if nothing is expected, or after an error.
        error: why there is no prediction; empty if there is one.
    """

    question: Question
    model: str
    image_sha256: str
    seen: tuple[Seen, ...] = ()
    result: CaseResult | None = None
    error: str = ""

    @property
    def missed(self) -> bool:
        """Whether something is expected of the picture that the model does not see."""
        return self.result is not None and not self.result.passed


def make_questions(
    images: Sequence[str],
    suite: Suite | None = None,
    expected: Expectation | None = None,
    thresholds: Thresholds | None = None,
) -> list[Question]:
    """Return the questions about pictures.

    Args:
        images: the files.
        suite: a picture that is a case of it, by path or content, must meet the thresholds of its row, and shows what
            the row says.
        expected: what all pictures show, whatever their rows say.
        thresholds: what pictures must meet that are no cases; default: the most probable label counts.
    """
    questions = []
    for number, image in enumerate(images):
        # No id of a suite contains a space.
        new = Case(
            suite.name if suite else "", f"image {number}", image, Path(image).absolute(), (), None, Thresholds()
        )
        known = _case_of(new, suite) if suite else None
        if known is not None:
            new = replace(known, id=new.id, path=new.path, home=None, sha256="")
        elif thresholds is not None:
            new = replace(new, thresholds=thresholds)
        if expected is not None:
            new = replace(new, expected=expected.concepts, absent=expected.absent, twin="")
        questions.append(Question(image, new, known.key if known else ""))
    return questions


def _case_of(picture: Case, suite: Suite) -> Case | None:
    """Return the case of a suite that a picture is: the one with its path, or else the first with its content."""
    place = picture.path.resolve()
    for case in suite.cases:
        if case.path.resolve() == place:
            return case
    digest = picture_sha256(picture)
    same = (case for case in suite.cases if digest and digest in (case.sha256, picture_sha256(case)))
    return next(same, None)


class Asker:
    """A model that is asked about pictures; checked when it is made, and run when it is asked.

    Attributes:
        model: its name.

    Args:
        classifier: the model.
        model: its name.
        questions: what it will be asked.
        suite: the suite whose concepts count; None: a concept is a label of the model.
        among: without a suite, the concepts that a zero-shot model chooses from, beside those that are expected.

    Raises:
        UserError: if no label of the model counts as what is expected, the suite's labels have problems, or a zero-shot
            model has nothing to choose from.
    """

    def __init__(
        self,
        classifier: Classifier,
        model: str,
        questions: Sequence[Question],
        suite: Suite | None = None,
        among: Sequence[str] = (),
    ) -> None:
        self.model, self._questions = model, questions
        prompts = Prompts(concepts=dict.fromkeys(among, ()))
        self._suite = suite or replace(_NO_SUITE, prompts=prompts)
        judged = tuple(question.case for question in questions if question.case.expected)
        asked = replace(self._suite, cases=(*self._suite.cases, *judged))
        self._bound = bind(classifier, asked, identity=identity_of(classifier, f"model {one_line(model)!r}"))
        if problems := self._problems(judged, own=suite is None):
            raise UserError(*problems)

    def _problems(self, judged: Sequence[Case], *, own: bool) -> list[str]:
        bound, space = self._bound, self._bound.space
        if not own:
            asked = bound if bound.prompted else replace(bound, suite=replace(self._suite, cases=tuple(judged)))
            return asked.problems(self.model, otherwise="leave out --suite and --expect")
        if bound.prompted:
            alone = (
                f"model {one_line(self.model)!r}: is a zero-shot model, and has nothing to choose from; name at least "
                "two labels, as in --among 'car, ship', or a suite with --suite"
            )
            return [] if space.labels else [alone]
        return [
            f"--expect: no label of model {one_line(self.model)!r} is {one_line(' or '.join(names))!r} "
            f"({label_hint(names, space.labels)}); write one of its labels, or name with --suite a suite whose "
            "[labels] say what counts"
            for names in dict.fromkeys(case.expected for case in judged)
            if not any(map(space.knows, names))
        ]

    def labels_of(self, concept: str) -> tuple[str, ...]:
        """Return the labels of the model that count as a concept; none if it has none."""
        space = self._bound.space
        return tuple(space.labels[index] for index in space.concepts.get(concept, ()))

    def ask(self, top: int, max_pixels: int | None = None) -> list[Answer]:
        """Return the answers to the questions, in their order.

        Nothing is read from or written to the store of predictions: what is asked for is what the model says now.

        Args:
            top: the number of labels in an answer.
            max_pixels: the number of pixels that an image may have; None: Pillow's limit.
        """
        cases = [question.case for question in self._questions]
        images = [*cases, *self._suite.twins_of(cases)]
        bound = self._bound
        predictor = Predictor(bound.classifier, PredictionStore(None), identity=bound.identity, max_pixels=max_pixels)
        with progress_bar(len(images), f"asking {self.model}") as advance:
            predictions = predictor.predict(images, advance)
        return [
            self._answer(question, predictions[question.case.key], predictions.get(question.case.twin_key), top)
            for question in self._questions
        ]

    def _answer(self, question: Question, prediction: Prediction, twin: Prediction | None, top: int) -> Answer:
        if prediction.probabilities is None:
            return Answer(question, self.model, prediction.image_sha256, error=prediction.error)
        result = None
        if question.case.expected:
            result = judge_case(
                question.case,
                self.model,
                self._bound.space,
                prediction,
                twin=twin,
                multi_label=self._bound.identity.multi_label,
            )
        seen = _ranked(prediction, self._bound.space, top)
        return Answer(question, self.model, prediction.image_sha256, seen, result, result.error if result else "")


def _ranked(prediction: Prediction, space: LabelSpace, top: int) -> tuple[Seen, ...]:
    scores = [] if prediction.probabilities is None else prediction.probabilities.tolist()
    # Of labels that a server's answer lacks nothing is known but a limit.
    known = [index for index, score in enumerate(scores) if score or not prediction.ceiling]
    best = sorted(known, key=lambda index: -scores[index])[:top]
    return tuple(Seen(space.labels[index], scores[index], space.owners.get(index, "")) for index in best)
