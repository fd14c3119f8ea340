"""`tierbench corrupt`: write corrupted pictures and a contact sheet to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import one_line, plural, suggestion


def corrupt(
    images: Annotated[list[Path], typer.Argument(help="image files", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="folder to write the pictures to", file_okay=False)],
    name: Annotated[list[str] | None, typer.Option(help="a corruption; may be given more than once")] = None,
    seed: Annotated[int, typer.Option(min=0, help="seed of the random numbers")] = 0,
    variant: Annotated[str, typer.Option(help="imagenet_c or cifar10_c")] = "imagenet_c",
    geometry: Annotated[str, typer.Option(help="imagenet-c (the central 224 × 224) or whole")] = "imagenet-c",
) -> None:
    """Write each image with every corruption at every severity, and a contact sheet per image."""
    from tierbench.common.images import PictureError, open_picture
    from tierbench.corruptions import (
        CORRUPTION_REGISTRY,
        CORRUPTIONS,
        GEOMETRIES,
        SEVERITIES,
        VARIANTS,
        contact_sheet,
        fitted,
    )
    from tierbench.corruptions import corrupt as corrupt_image

    names = tuple(name or CORRUPTIONS)
    for wanted in names:
        if wanted not in CORRUPTION_REGISTRY:
            hint = suggestion(wanted, CORRUPTION_REGISTRY.names())
            raise UserError(f"--name {one_line(wanted)!r} is not a corruption; {hint}")
    if variant not in VARIANTS:
        raise UserError(f"--variant {one_line(variant)!r} is unknown; write {' or '.join(VARIANTS)}")
    if geometry not in GEOMETRIES:
        raise UserError(f"--geometry {one_line(geometry)!r} is unknown; write {' or '.join(GEOMETRIES)}")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for image in images:
            picture = fitted(open_picture(image), geometry, variant)
            for wanted in names:
                for severity in SEVERITIES:
                    result = corrupt_image(picture, wanted, severity, seed=seed, variant=variant)
                    result.save(out / f"{image.stem}+{wanted}-{severity}.png")
            sheet = out / f"{image.stem}-sheet.png"
            contact_sheet(picture, names, seed=seed, variant=variant).save(sheet)
            count = plural(len(names) * len(SEVERITIES), "picture")
            typer.echo(f"{one_line(str(image))}: {count}, {shown_path(sheet.absolute())}")
    except (PictureError, ImportError, ValueError) as error:
        raise UserError(f"{one_line(str(image))}: {one_line(str(error))}") from error
    except OSError as error:
        raise UserError(f"{shown_path(out)}: cannot be written: {error.strerror}") from error
