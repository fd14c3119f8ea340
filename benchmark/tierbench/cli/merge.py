"""`tierbench merge`: make one record, with one verdict, of the shards of a run; no model is needed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.folders import ReportsOption, reports_folder
from tierbench.cli.set_output import exit_if_missed, print_result
from tierbench.common.errors import UserError
from tierbench.common.files import is_folder, is_regular, shown_path
from tierbench.common.schema import SetResult
from tierbench.common.text import listed


def merge(
    runs: Annotated[
        list[str],
        typer.Argument(help="runs of pytest --robust-shard, or folders of result files of tierbench evaluate --shard"),
    ],
    out: Annotated[Path | None, typer.Option(help="folder of the merged run or results", file_okay=False)] = None,
    min_accuracy: Annotated[
        float | None, typer.Option(min=0, max=1, help="of result files: exit with 1 where the accuracy is lower")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="of result files: print JSON, an object a set")] = False,
    markdown: Annotated[
        Path | None, typer.Option(help="of runs: file that takes a summary in Markdown", dir_okay=False)
    ] = None,
    reports: ReportsOption = None,
) -> None:
    """Judge all shards of a run as one run; exit with 0 if every gate holds, else with 1."""
    from tierbench.runs.record import RUN

    results = [name for name in runs if is_folder(Path(name)) and not is_regular(Path(name) / RUN)]
    if not results:
        if out is not None:
            raise UserError("--out is for result files; a merged run gets a folder of its own in --reports")
        raise typer.Exit(_merge_runs(runs, markdown, reports_folder(reports)))
    if markdown is not None:
        raise UserError("--markdown is for runs; result files have no summary, leave it out")
    if others := [name for name in runs if name not in results]:
        raise UserError(f"{listed(results)} has result files, {listed(others)} is a run; merge them one by one")
    _merge_results([Path(name) for name in results], out, min_accuracy, as_json=as_json)


def _merge_results(tops: Sequence[Path], out: Path | None, min_accuracy: float | None, *, as_json: bool) -> None:
    from tierbench.report.set_record import result_json
    from tierbench.runs.set_merge import merge_results, result_folders
    from tierbench.runs.set_stopping import accuracy_problem

    if out is None:
        raise UserError("--out is missing: name a folder for the merged result files")
    found = [result_folders(top) for top in tops]
    names = dict.fromkeys(name for each in found for name in each)
    if not names:
        raise UserError(f"{shown_path(tops[0])}: holds no result files; name the folder of --out")
    for top, each in zip(tops, found, strict=True):
        if missing := [name for name in names if name not in each]:
            raise UserError(f"{shown_path(top)}: has no results of {listed(missing)}, which other shards have")
    results: list[SetResult] = []
    missed = []
    for name in names:
        results.append(merge_results([each[name] for each in found], out / name))
        if as_json:
            typer.echo(json.dumps(result_json(results[-1])))
        else:
            print_result(results)
        if min_accuracy is not None:
            missed.append(accuracy_problem(results[-1], min_accuracy))
    exit_if_missed(missed)


def _merge_runs(runs: Sequence[str], markdown: Path | None, reports: Path) -> int:
    """Judge the shards in a session of pytest, which has every test and gate that a single run has."""
    import pytest

    from tierbench.runs.find import run_folder
    from tierbench.runs.merge import read_shards

    merged = read_shards([run_folder(name, reports) for name in runs])
    shards = [f"--robust-merge={folder.absolute()}" for folder in merged.folders]
    summary = [f"--robust-markdown={markdown.absolute()}"] if markdown else []
    return int(pytest.main([*merged.arguments, *shards, *summary, f"--robust-reports={reports.absolute()}"]))
