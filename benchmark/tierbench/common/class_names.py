"""Find a class by its name among labels that are written in several ways, and say so if it may be more than one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class NameIndex:
    """Finds labels by name.

    A name may be a whole label, its first synonym, or any of its comma-separated synonyms, with or without upper case
    and underscores. The closest way of writing decides: `missile` is the label `missile`, not `projectile, missile`.

    Args:
        labels: each a name, or several synonyms with commas between them, as those of ImageNet are.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        # From close to loose. A data set's folders have whole labels or first synonyms, so these are equally close.
        exact: dict[str, list[int]] = {}
        loose: dict[str, list[int]] = {}
        synonyms: dict[str, list[int]] = {}
        for index, label in enumerate(labels):
            names = [name.strip() for name in label.split(",")]
            for name in {label.strip(), names[0]}:
                exact.setdefault(name, []).append(index)
            for name in {name_key(label), name_key(names[0])}:
                loose.setdefault(name, []).append(index)
            for name in {name_key(name) for name in names}:
                synonyms.setdefault(name, []).append(index)
        self._exact, self._loose, self._synonyms = exact, loose, synonyms

    def find(self, name: str) -> tuple[int, ...]:
        """Return the indices of the labels that a name may stand for; more than one: it is ambiguous.

        A name with commas that is no label itself stands for what its synonyms stand for.
        """
        text = name.strip()
        key = name_key(text)
        found = self._exact.get(text) or self._loose.get(key) or self._synonyms.get(key)
        if found:
            return tuple(found)
        parts = [part for part in text.split(",") if part.strip()]
        return _united(self.find(part) for part in parts) if len(parts) > 1 else ()


def name_key(name: str) -> str:
    """Return what names that are the same class have in common: `Great_White  shark` → `great white shark`."""
    return " ".join(name.replace("_", " ").casefold().split())


def _united(groups: Iterable[Iterable[int]]) -> tuple[int, ...]:
    return tuple(sorted({index for group in groups for index in group}))
