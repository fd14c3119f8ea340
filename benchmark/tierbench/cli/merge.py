"""`tierbench merge`: make one record, with one verdict, of the shards of a run; no model is needed."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.folders import ReportsOption, reports_folder
from tierbench.cli.set_output import exit_if_missed, print_result
from tierbench.common.errors import UserError
from tierbench.common.files import is_folder, is_regular, shown_path
from tierbench.common.schema import Run, SetResult
from tierbench.common.text import listed


def merge(
    runs: Annotated[
        list[str],
        typer.Argument(help="runs of pytest --robust-shard, or folders of result files of tierbench evaluate --shard"),
    ],
    out: Annotated[Path | None, typer.Option(help="of result files: folder of the merged run", file_okay=False)] = None,
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
    _merge_results([Path(name) for name in results], out, reports_folder(reports), min_accuracy, as_json=as_json)


def _merge_results(
    tops: Sequence[Path], out: Path | None, reports: Path, min_accuracy: float | None, *, as_json: bool
) -> None:
    from tierbench.report.set_record import result_json
    from tierbench.runs.merged_record import merge_into, write_merged
    from tierbench.runs.record import new_run_folder
    from tierbench.runs.set_stopping import accuracy_problem

    shards, begun = _shards_of_each(tops), time.time()
    if out is not None and is_folder(out) and any(out.iterdir()):
        raise UserError(f"--out {shown_path(out)}: holds files already; name another folder")
    try:
        run = out or new_run_folder(reports)
    except OSError as error:
        raise UserError(f"{shown_path(reports)}: cannot be written: {error.strerror}") from error
    results: list[SetResult] = []
    missed = []
    try:
        for folders in shards:
            results.append(merge_into(run, folders))
            if as_json:
                typer.echo(json.dumps(result_json(results[-1])))
            else:
                print_result(results)
            if min_accuracy is not None:
                missed.append(accuracy_problem(results[-1], min_accuracy))
        record = write_merged(run, results, begun=begun)
    except UserError:
        if out is None:
            shutil.rmtree(run, ignore_errors=True)
        raise
    report = _write_report(record, run, reports if out is None else None)
    if not as_json:
        typer.echo(f"report: {shown_path(report)}")
    exit_if_missed(missed)


def _shards_of_each(tops: Sequence[Path]) -> list[list[Path]]:
    """Return the folders of the shards of each set and model.

    Raises:
        UserError: if there are none, or one lacks what others have.
    """
    from tierbench.runs.set_merge import result_folders

    found = [result_folders(top) for top in tops]
    names = dict.fromkeys(name for each in found for name in each)
    if not names:
        raise UserError(f"{shown_path(tops[0])}: holds no result files; name the folder of --out")
    for top, each in zip(tops, found, strict=True):
        if missing := [name for name in names if name not in each]:
            raise UserError(f"{shown_path(top)}: has no results of {listed(missing)}, which other shards have")
    return [[each[name] for each in found] for name in names]


def _write_report(record: Run, run: Path, reports: Path | None) -> Path:
    """Write the report, and the page of all runs where the run is among them; return its path."""
    from tierbench.common.files import write_atomically
    from tierbench.report.html.history_page import write_page
    from tierbench.report.html.report_page import report_alone
    from tierbench.runs.record import REPORT

    try:
        write_atomically(run / REPORT, report_alone(record, run))
    except OSError as error:
        raise UserError(f"{shown_path(run / REPORT)}: cannot be written: {error.strerror}") from error
    if reports is not None:
        write_page(reports)
    return run / REPORT


def _merge_runs(runs: Sequence[str], markdown: Path | None, reports: Path) -> int:
    """Judge the shards in a session of pytest, which has every test and gate that a single run has."""
    import pytest

    from tierbench.runs.find import run_folder
    from tierbench.runs.merge import read_shards

    merged = read_shards([run_folder(name, reports) for name in runs])
    shards = [f"--robust-merge={folder.absolute()}" for folder in merged.folders]
    summary = [f"--robust-markdown={markdown.absolute()}"] if markdown else []
    return int(pytest.main([*merged.arguments, *shards, *summary, f"--robust-reports={reports.absolute()}"]))
