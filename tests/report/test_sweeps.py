"""A sweep in the report: a curve per corruption, and the corrupted pictures of its cases."""

from __future__ import annotations

from tests.conftest import Bench
from tierbench.report.html.sweeps import sweep_view

ROWS = "file_name,label,tier\nred.png,automobile,1\nblue.png,ship,1\n"


def test_curves_and_breaking_severities(bench: Bench) -> None:
    bench.suite("s", ROWS)
    bench.run("--robust-corruptions", "fog,pixelate", "-m", "corruption or slice")
    record = bench.record()
    view = sweep_view("s", "model", record.run, record.rows)
    assert view is not None
    assert view.images == 2
    fog, blocks = view.corruptions
    # Names are in the order of the literature; pixelation does not change a flat colour.
    assert (fog.name, blocks.name) == ("fog", "pixelate")
    assert [point.rate for point in blocks.points] == [1.0] * 6
    assert blocks.breaking == 5.0
    assert fog.breaking is not None
    assert fog.breaking < 5
    assert sweep_view("other", "model", record.run, record.rows) is None


def test_the_page_shows_the_sweep(bench: Bench) -> None:
    bench.suite("s", ROWS, '[corruptions.gates]\n"fog+5" = {max_drop = 0.1}\n')
    bench.run("--robust-corruptions", "fog,pixelate")
    page = next(bench.path.glob("reports/*/report.html")).read_text(encoding="utf-8")
    assert "Under corruptions" in page
    assert "geometry: imagenet-c (shortest edge 256, central 224 × 224), resized to the model&#39;s input of" in page
    assert 'aria-label="pixelate: pass rates 1.00 1.00 1.00 1.00 1.00 1.00' in page
    # A picture of each image, clean and for each corruption and severity; all differ.
    assert page.count('<script type="text/plain" data-picture=') == 2 * (1 + 2 * 5)
