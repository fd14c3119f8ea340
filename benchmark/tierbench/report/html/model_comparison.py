"""Build the view of several models: the leaderboard, and the images with the predictions of all models. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tierbench.common.schema import Rows, Run
from tierbench.report.html.rows import CaseView
from tierbench.scoring.leaderboard import Standing, compare_models, pair_sentence, rank_models


@dataclass(frozen=True, slots=True)
class SharedView:
    """One image under all models of a run.

    Attributes:
        views: the image under each model, best model first.
    """

    views: tuple[CaseView, ...]


@dataclass(frozen=True, slots=True)
class ModelComparisonView:
    """The models of a run compared with each other.

    Attributes:
        standings: the leaderboard, best first.
        tiers: numbers of the tiers that any model was judged on.
        pairs: sentences on the lead of the best model over each other one.
        differ: images that some models pass and others miss, the widest gap in score first.
        differ_total: number of those images.
        common: number of images that all models judged.
        missed: other images that any model missed or had an error on, by tier.
        missed_total: number of those images.
    """

    standings: tuple[Standing, ...]
    tiers: tuple[int, ...]
    pairs: tuple[str, ...]
    differ: tuple[SharedView, ...]
    differ_total: int
    common: int
    missed: tuple[SharedView, ...]
    missed_total: int


def model_comparison_view(
    run: Run,
    rows: Rows,
    views: Iterable[CaseView],
    most: int,
) -> ModelComparisonView:
    """Build the view of a run of several models.

    Args:
        run: the run.
        rows: the rows of all models.
        views: the view of every row.
        most: maximum number of images in `differ` and in `missed`.
    """
    standings = rank_models(run.models, run.tiers)
    names = [model.name for model in standings]
    by_key: dict[str, list[CaseView]] = {}
    for view in views:
        # Ladders and sweeps are shown as curves.
        if view.tier is not None:
            by_key.setdefault(view.key, []).append(view)
    comparison = compare_models(names, rows)
    differ = [case.key for case in comparison.differences] if comparison else []
    missed = [key for key, own in by_key.items() if key not in set(differ) and any(map(_missed, own))]
    missed.sort(key=lambda key: (by_key[key][0].tier, max(view.score or 0.0 for view in by_key[key])))

    def shared(keys: Iterable[str]) -> tuple[SharedView, ...]:
        found = [sorted(by_key[key], key=lambda view: names.index(view.model)) for key in keys if key in by_key]
        return tuple(SharedView(tuple(own)) for own in found[:most])

    return ModelComparisonView(
        standings=tuple(standings),
        tiers=tuple(sorted({tier for model in standings for tier in model.tiers})),
        pairs=tuple(pair_sentence(pair) for pair in run.pairs),
        differ=shared(differ),
        differ_total=len(differ),
        common=comparison.common if comparison else 0,
        missed=shared(missed),
        missed_total=len(missed),
    )


def _missed(view: CaseView) -> bool:
    return view.outcome in ("error", "failed", "xfailed")
