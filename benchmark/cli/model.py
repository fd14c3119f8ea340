"""`tierbench model`: what a model under test is made of."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from benchmark.text import one_line


def model(
    spec: Annotated[str, typer.Argument(help="a folder, a Hub id, or reference")],
    as_json: Annotated[bool, typer.Option("--json", help="print the whole card as JSON")] = False,
    all_labels: Annotated[bool, typer.Option("--labels", help="print every label")] = False,
) -> None:
    """Print a model's architecture, depths and widths, labels, preprocessing and parameter count."""
    from benchmark.models import load_classifier

    card = load_classifier(spec, device="cpu").describe()
    if as_json:
        typer.echo(json.dumps(card, indent=2, ensure_ascii=False))
        return
    labels: list[str] = card["labels"]
    shown = labels if all_labels else labels[:10]
    more = "" if len(shown) == len(labels) else f", … (all {len(labels)} with --labels)"
    lines = {
        "architecture": card["architecture"],
        "parameters": f"{card['parameters']:,}",
        "depths": _inline(card["depths"]),
        "widths": _inline(card["widths"]),
        "outputs": f"{card['outputs']} over {len(labels)} labels",
        "labels": "; ".join(one_line(label, 80) for label in shown) + more,
        "fingerprint": card["fingerprint"],
    }
    for name, value in lines.items():
        typer.echo(f"{name:<14}{one_line(str(value), 20_000)}")
    for title in ("preprocessing", "config"):
        typer.echo(f"\n{title}")
        for name, value in sorted(card[title].items()):
            typer.echo(f"  {one_line(name, 60):<28}{one_line(_inline(value), 300)}")


def _inline(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
