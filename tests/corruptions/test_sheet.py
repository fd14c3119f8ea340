"""The contact sheet shows an image under every corruption and severity."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tierbench.corruptions import contact_sheet, corrupt

from .photographs import photograph

PIXELS = photograph("chelsea", 48)
CAT = Image.fromarray(PIXELS)


def test_each_name_is_a_row_that_starts_with_the_clean_image() -> None:
    sheet = contact_sheet(CAT, ["fog", "contrast"], size=48)
    cells = np.asarray(sheet)[:, -6 * 54 :]
    top = sheet.height - 2 * 54 - 6
    for row, name in enumerate(("fog", "contrast")):
        strip = cells[top + row * 54 : top + row * 54 + 48]
        assert np.array_equal(strip[:, :48], PIXELS)
        for severity in range(1, 6):
            cell = strip[:, severity * 54 : severity * 54 + 48]
            assert np.array_equal(cell, corrupt(PIXELS, name, severity, seed=0))


def test_the_default_size_depends_on_the_variant() -> None:
    large = contact_sheet(CAT)
    assert large.width > 6 * 224
    assert large.height > 19 * 224
    tiny = contact_sheet(CAT, variant="cifar10_c", zoom=2)
    assert 6 * 64 < tiny.width < 6 * 224


def test_an_image_that_is_not_square_is_cropped_to_its_middle() -> None:
    wide = Image.new("RGB", (96, 48), "red")
    wide.paste(CAT, (24, 0))
    assert contact_sheet(wide, ["fog"], size=48).tobytes() == contact_sheet(CAT, ["fog"], size=48).tobytes()


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="at least one corruption"):
        contact_sheet(CAT, [])
    with pytest.raises(ValueError, match="size and zoom must be at least 1"):
        contact_sheet(CAT, ["fog"], zoom=0)
    with pytest.raises(ValueError, match="unknown corruption 'mist'"):
        contact_sheet(CAT, ["mist"])
