"""Say where public data sets come from, and under which terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tierbench.common.imagenet import CLASSES, wordnet_ids
from tierbench.common.text import one_line
from tierbench.suites.datasets.data_set import DataSet


@dataclass(frozen=True, slots=True)
class Origin:
    """A public data set.

    Attributes:
        title: its name.
        url: where its authors publish it.
        terms: under which it may be used, as far as its authors say.
    """

    title: str
    url: str
    terms: str

    @property
    def text(self) -> str:
        """The origin in one line."""
        return f"{self.title}: {self.url}; terms: {self.terms}"


_CODE_ONLY = "the MIT licence of its page is of code; none is stated for the pictures, which come from the web"

ORIGINS: Final = {
    each.title: each
    for each in (
        Origin(
            "ImageNet-1k",
            "https://image-net.org",
            "non-commercial research and education only; no rights in the pictures are warranted",
        ),
        Origin(
            "ImageNet-C",
            "https://zenodo.org/record/2235448",
            "its authors' page states none; the pictures are made of ImageNet's: non-commercial research and education",
        ),
        Origin("ImageNet-A", "https://github.com/hendrycks/natural-adv-examples", _CODE_ONLY),
        Origin("ImageNet-R", "https://github.com/hendrycks/imagenet-r", _CODE_ONLY),
        Origin(
            "ImageNet-V2",
            "https://github.com/modestyachts/ImageNetV2",
            "the pictures come from Flickr and may be used as ImageNet's: non-commercial research and education",
        ),
        Origin("ImageNet-Sketch", "https://github.com/HaohanWang/ImageNet-Sketch", _CODE_ONLY),
        Origin(
            "CIFAR-10-C",
            "https://zenodo.org/record/2535967",
            "CC BY 4.0; of CIFAR-10, whose pictures it is made of, no licence is known",
        ),
        Origin(
            "ObjectNet",
            "https://objectnet.dev",
            "derived from CC BY 4.0, with attribution; tune no model with it, show its pictures on the web only with "
            "their red border",
        ),
    )
}


def origin_of(data_set: DataSet) -> Origin | None:
    """Return where a set comes from, by its layout or its name on the Hub; None if it is not known."""
    kind, _, rest = data_set.spec.partition(":")
    if kind == "hub":
        name = one_line(rest.partition("?")[0].partition("@")[0])
        return Origin(name, f"https://huggingface.co/datasets/{name}", "see its card there")
    return ORIGINS.get(data_set.layout.title)


def origin_text(data_set: DataSet) -> str:
    """Return where a set comes from and its terms, in one line; empty if it is not known.

    Pictures of one's own may have the classes of ImageNet, so that these alone say less.
    """
    if known := origin_of(data_set):
        return known.text
    classes = {*data_set.classes}
    if len(classes) == CLASSES and classes == {str(index) for index in range(CLASSES)}:
        return f"if it is {ORIGINS['ImageNet-V2'].text}"
    if classes and classes <= wordnet_ids().keys():
        title = "ImageNet-Sketch" if "sketch" in data_set.spec.casefold() else "ImageNet-1k"
        return f"its classes are ImageNet's; if it is of {ORIGINS[title].text}"
    return ""


def source_title(data_set: DataSet) -> str:
    """Return the name of a set for the source of its pictures: that of the public set, or else the user's."""
    known = origin_of(data_set)
    return known.title if known else data_set.name
