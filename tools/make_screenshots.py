"""Take the screenshots of docs/ from real runs of the built-in model and of disturbed copies of it.

    python tools/make_screenshots.py            # writes docs/screenshots/*.png; needs the extra `test` and Chromium

Each picture has the size that is written here, and at most 256 colours, so that it stays below 200 kB.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
CHROMIUM = "/usr/bin/chromium"
MOST_BYTES = 200_000
_COPIES = "python:tools.disturbed_copies"


@dataclass(frozen=True)
class Shot:
    """A screenshot: the run that it shows, size in CSS pixels, colours, what stands at its top edge, what is opened."""

    run: str
    width: int = 1280
    height: int = 860
    scheme: Literal["light", "dark"] = "light"
    top: str = "body"
    fragment: str = ""


# The runs by name, as arguments of pytest.
RUNS = {
    "default": (),
    "regression": (f"--robust-model=reference={_COPIES}:lost6",),
    "three-models": tuple(
        f"--robust-model={spec}" for spec in ("reference", f"lost3={_COPIES}:lost3", f"lost6={_COPIES}:lost6")
    ),
    "sweep": ("cases/photos", "--robust-corruptions", "fog,snow,gaussian_noise,motion_blur"),
}
SHOTS = {
    "default": Shot("default"),
    "regression": Shot("regression", height=1240),
    "three-models": Shot("three-models"),
    "sweep": Shot("sweep", top='[data-contents="Corruptions"]'),
    "phone": Shot("default", width=390, height=844),
    "dark": Shot("regression", scheme="dark"),
    "wide": Shot("sweep", width=1920, height=1040, top="#tb-cases", fragment="#case=photos/coffee%2Bfog-5"),
}


def run(name: str, home: Path) -> Path:
    """Run the benchmark beside a copy of the accepted baseline; return the report."""
    reports = home / name / "reports"
    shutil.copytree(ROOT / "reports" / "baselines", reports / "baselines")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--robust-reports={reports.relative_to(ROOT)}",
        *RUNS[name],
    ]
    # The code tells what the model is like: a failure is what some pictures are to show.
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # noqa: S603  # our own command
    found = list(reports.glob("2*/report.html"))
    if done.returncode not in (0, 1) or len(found) != 1:
        raise SystemExit(f"{name}: pytest ended with {done.returncode}\n{done.stdout[-2000:]}")
    return found[0]


def take(shot: Shot, report: Path, browser: Browser) -> bytes:
    """Return a screenshot of a report as PNG."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme=shot.scheme,
        is_mobile=shot.width < 800,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(report.as_uri() + shot.fragment)
    page.evaluate("(top) => document.querySelector(top)?.scrollIntoView()", shot.top)
    page.wait_for_function("[...document.images].filter((i) => i.src).every((image) => image.complete)")
    taken = page.screenshot(animations="disabled")
    context.close()
    return smaller(taken)


def smaller(taken: bytes) -> bytes:
    """Return a PNG with as many colours, at most 256, as fit into `MOST_BYTES`.

    Raises:
        SystemExit: if 32 colours are too many.
    """
    image = Image.open(io.BytesIO(taken)).convert("RGB")
    for colours in (256, 128, 64, 32):
        stream = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
        if stream.tell() < MOST_BYTES:
            return stream.getvalue()
    raise SystemExit(f"a screenshot has {stream.tell()} bytes, above {MOST_BYTES}; make it smaller in SHOTS")


def main() -> None:
    """Run the benchmark once for each run, and write all screenshots."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    # Below the reports, because the pictures show the path.
    home = ROOT / "reports" / "screenshots"
    shutil.rmtree(home, ignore_errors=True)
    with sync_playwright() as playwright:
        reports = {name: run(name, home) for name in RUNS}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for name, shot in SHOTS.items():
            file = out / f"{name}.png"
            file.write_bytes(take(shot, reports[shot.run], browser))
            print(f"{file}: {file.stat().st_size / 1000:.0f} kB", flush=True)
        browser.close()
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
