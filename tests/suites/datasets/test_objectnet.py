"""The kind `objectnet`: the border, the set's own map, and the classes that the model lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flat_colours import RGB
from tests.suites.datasets.layouts import opened, write_objectnet
from tierbench.common.errors import UserError
from tierbench.scoring.class_map import map_classes
from tierbench.suites.datasets import open_sample


def test_the_border_is_cut_off_and_other_classes_are_noted(tmp_path: Path) -> None:
    write_objectnet(tmp_path / "set")
    found = opened("objectnet:set", tmp_path)
    assert found.classes == ("car", "lorry", "plane_or_ship")
    assert found.notes == ("1 picture of 1 class that ImageNet lacks left out, as published",)
    picture = open_sample(next(sample for sample in found.samples if sample.id.endswith("blue.png")))
    assert picture.size == (32, 32)
    assert picture.getcolors() == [(32 * 32, RGB["blue"])]


def test_a_class_may_be_several_labels(tmp_path: Path) -> None:
    write_objectnet(tmp_path / "set")
    classes = map_classes(opened("objectnet:set", tmp_path), ("airplane", "automobile", "ship", "truck"))
    assert classes.of == {"car": (1,), "lorry": (3,), "plane_or_ship": (0, 2)}


@pytest.mark.parametrize("content", [None, "[]", "{", '{"a": 1}'])
def test_a_set_without_its_map_is_one_line(tmp_path: Path, content: str | None) -> None:
    file = write_objectnet(tmp_path / "set") / "mappings" / "folder_to_objectnet_label.json"
    file.unlink() if content is None else file.write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as error:
        opened("objectnet:set", tmp_path)
    (line,) = error.value.lines
    assert "mappings/folder_to_objectnet_label.json" in line
