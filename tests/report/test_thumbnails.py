"""However many pictures a page shows and however large they are, few of them are decoded at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import REPOSITORY
from tests.flat_colours import flat

# Prints by how many MB 24 pictures of 6 MP in 8 threads raise the peak of a process that has reduced one.
MEASURE = """
import os, resource, sys
from pathlib import Path
from tierbench.report.html import thumbnails

os.cpu_count = lambda: 8
thumbnails._DECODED_BYTES = 40 * 2**20

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6

files = sorted(Path(sys.argv[1]).glob("*.png"))
assert all(picture.large for picture in thumbnails.make_pictures([("first", files[0])]))
before = peak()
if sys.argv[2] == "page":
    made = [picture.large for picture in thumbnails.make_pictures([(file.stem, file) for file in files])]
else:
    made = thumbnails.write_pictures([(file.stem, file) for file in files], Path(sys.argv[1]) / "gallery")
assert len(made) == len(files)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the memory that a process took is measured as Linux does")
@pytest.mark.parametrize("what", ["page", "gallery"])
def test_a_bounded_number_of_bytes_is_decoded_at_once(tmp_path: Path, what: str) -> None:
    flat("blue", (3000, 2000)).save(tmp_path / "p0.png", compress_level=1)
    for number in range(1, 24):
        (tmp_path / f"p{number}.png").hardlink_to(tmp_path / "p0.png")
    # What is freed goes back to the system at once, and does not wait in a thread for its next picture.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "1000000"}
    command = [sys.executable, "-c", MEASURE, str(tmp_path), what]
    run = subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, capture_output=True, text=True)
    assert float(run.stdout) < 60


def test_a_picture_that_is_larger_than_the_limit_is_decoded_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tierbench.report.html import thumbnails

    monkeypatch.setattr(thumbnails, "_DECODED_BYTES", 1_000)
    flat("blue", (300, 200)).save(tmp_path / "large.png")
    Image.new("RGB", (4, 4)).save(tmp_path / "small.png")
    (tmp_path / "broken.png").write_bytes(b"none")
    files = [(name, tmp_path / f"{name}.png") for name in ("large", "small", "broken", "absent")]
    made = {picture.key: picture for picture in thumbnails.make_pictures(files * 3)}
    assert {key: (picture.width, bool(picture.error)) for key, picture in made.items()} == {
        "large": (300, False),
        "small": (4, False),
        "broken": (0, True),
        "absent": (0, True),
    }
