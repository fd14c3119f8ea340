"""Run a model over a data set on a Ray cluster, whose rows this process writes into result files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tierbench.common.errors import UserError
from tierbench.models.classifier import Classifier, Promptable
from tierbench.models.identity import Identity
from tierbench.runs.ray_cluster import RayCluster
from tierbench.runs.set_evaluation import Advance, SetModel, without_row, write_rows
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_scorer import SetScorer
from tierbench.scoring.class_map import ClassMap
from tierbench.scoring.set_scores import error_row
from tierbench.suites.datasets import DataSet, Sample


def evaluate_on_ray(
    cluster: RayCluster,
    opens: Callable[[], Classifier],
    model: SetModel,
    data_set: DataSet,
    samples: Sequence[Sample],
    classes: ClassMap,
    parts: SetParts,
    advance: Advance | None = None,
) -> None:
    """Predict pictures of a set on a cluster; what `evaluate_set` does here, with the same rows.

    Args:
        cluster: the cluster; its machines need the files of the set and of the model at the same places.
        opens: opens the model, in each process that needs it.
        model: the model.
        data_set: the set.
        samples: its pictures, or those of a shard or a sample.
        classes: which of the model's labels count as which class.
        parts: the result files, already opened.
        advance: called with the number of pictures that have a row.

    Raises:
        UserError: as `evaluate_set` does, or if the cluster is lost.
    """
    # Imported here, because it imports Ray.
    from tierbench.runs.set_ray_pipeline import RETRIES, scored

    todo = without_row(samples, parts)
    if advance:
        advance(len(samples) - len(todo))
    make = partial(
        _make_scorer, opens, model.identity, classes, data_set.layout.crop == "none", max_pixels=model.max_pixels
    )
    begun = len(todo)
    # A killed process takes batches with it that wait for it. So pictures whose process was killed each time are tried
    # one by one, each with a process to itself: which of them do it is found out.
    for size, waiting in ((model.batch_size, None), (1, 1)):
        if todo:
            write_rows(scored(cluster, make, todo, size, waiting), parts, advance)
            todo = without_row(todo, parts)
    if len(todo) == begun > 1:
        raise UserError("Ray: every process that reads or scores pictures was lost; see the log of the cluster")
    killed = f"the process that took the picture was killed {1 + RETRIES} times"
    write_rows(([error_row(sample, killed)] for sample in todo), parts, advance)


def _make_scorer(
    opens: Callable[[], Classifier], identity: Identity, classes: ClassMap, cropped: bool, max_pixels: int | None
) -> SetScorer:
    classifier = opens()
    if isinstance(classifier, Promptable):
        # As `bind_to_set` has it where the run was started.
        classifier = classifier.for_concepts(identity.labels)
    return SetScorer(classifier, identity, classes, cropped=cropped, max_pixels=max_pixels)
