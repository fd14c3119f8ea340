"""Several models in the report: how they rank, and each image with what all of them made of it. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from tierbench.common.schema import Rows, Run
from tierbench.report.html.rows import CaseView
from tierbench.scoring.leaderboard import Standing, compare_models, pair_sentence, rank_models


@dataclass(frozen=True, slots=True)
class SharedView:
    """One image under all models of a run.

    Attributes:
        views: what each model made of it, the best model first.
        index: of the row in the table that the image leads to.
    """

    views: tuple[CaseView, ...]
    index: int


@dataclass(frozen=True, slots=True)
class ModelComparisonView:
    """Several models beside each other.

    Attributes:
        standings: the leaderboard, best first.
        tiers: numbers of the tiers that some model was judged on.
        pairs: how sure the lead is, a sentence a model.
        differ: images that one model passes and another misses, the widest gap in score first.
        differ_total, common: how many those are, of how many that all models judged.
        missed: images that no model passes, and those that one passes and another erred on; by tier.
        missed_total: how many those are.
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
    in_table: Container[str],
    most: int,
) -> ModelComparisonView:
    """Gather the models of a run.

    Args:
        run: the run.
        rows: of all models.
        views: of every row.
        in_table: node ids of the rows that the table keeps: only their images have a picture.
        most: how many images to name of either kind.
    """
    standings = rank_models(run.models, run.tiers)
    names = [model.name for model in standings]
    by_key: dict[str, list[CaseView]] = {}
    for view in views:
        # Ladders and sweeps have curves of their own.
        if view.tier is not None:
            by_key.setdefault(view.key, []).append(view)
    comparison = compare_models(names, rows)
    differ = [case.key for case in comparison.differences] if comparison else []
    missed = [key for key, own in by_key.items() if key not in set(differ) and any(map(_missed, own))]
    missed.sort(key=lambda key: (by_key[key][0].tier, max(view.score or 0.0 for view in by_key[key])))

    def shared(keys: Iterable[str]) -> tuple[SharedView, ...]:
        found = []
        for key in keys:
            own = sorted(by_key.get(key, ()), key=lambda view: names.index(view.model))
            kept = [view.index for view in own if view.nodeid in in_table]
            if kept:
                found.append(SharedView(tuple(own), kept[0]))
        return tuple(found[:most])

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
