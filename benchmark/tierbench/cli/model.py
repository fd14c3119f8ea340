"""`tierbench model`: print the card of a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tierbench.common.errors import UserError
from tierbench.common.text import error_text, one_line
from tierbench.report.card_text import card_facts, card_steps, value_text


def model(
    spec: Annotated[str, typer.Argument(help="a folder, a Hub id, onnx:FILE, python:module:factory, or reference")],
    names: Annotated[
        Path | None,
        typer.Option("--labels", help="file: names of its classes, one per line, if its config has none"),
    ] = None,
    processor: Annotated[
        Path | None,
        typer.Option("--processor", help="folder: its image processor, if it has none beside it"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the whole card as JSON")] = False,
    all_labels: Annotated[bool, typer.Option("--all-labels", help="print every label")] = False,
) -> None:
    """Print the card of a model: architecture, size, backend, labels, preprocessing, and what is not known of it."""
    from tierbench.models import load_classifier
    from tierbench.models.label_file import read_labels

    classifier = load_classifier(
        spec,
        device="cpu",
        labels=read_labels(names.absolute()) if names else None,
        processor=processor.absolute() if processor else None,
    )
    try:
        card = classifier.describe()
    except UserError:
        raise
    except Exception as error:
        # A user's own classifier may raise anything.
        raise UserError(f"model {one_line(spec)!r}: its describe() failed: {error_text(error)}; fix it") from error
    if not isinstance(card, dict):
        raise UserError(f"model {one_line(spec)!r}: its describe() returned no dict; return the model card as one")
    if as_json:
        # ASCII only, because a label may contain control characters of a terminal.
        typer.echo(json.dumps(card, indent=2, ensure_ascii=True, default=str))
        return
    # The card of a user's own classifier may lack any of these.
    labels = list(classifier.labels)
    shown = labels if all_labels else labels[:10]
    more = "" if len(shown) == len(labels) else f", … (all {len(labels)} with --all-labels)"
    # Those of a zero-shot model are the concepts of each suite.
    names_text = "; ".join(one_line(label, 80) for label in shown) + more if labels else "the concepts of each suite"
    facts = {**dict(card_facts(card)), "labels": f"{len(labels):,}: {names_text}" if labels else names_text}
    facts["fingerprint"] = classifier.fingerprint or "none: predictions are not kept between runs"
    for name, value in facts.items():
        typer.echo(f"{one_line(name, 60):<14}{one_line(value, 20_000)}")
    if steps := card_steps(card):
        typer.echo("\npreprocessing, step by step")
        for number, step in enumerate(steps, start=1):
            typer.echo(f"  {number} {one_line(step, 300)}")
    for title in ("preprocessing", "config"):
        values = card.get(title)
        if isinstance(values, dict) and values:
            typer.echo(f"\n{title}")
            for name, value in sorted(values.items()):
                typer.echo(f"  {one_line(str(name), 60):<28}{one_line(value_text(value) or '–', 300)}")
