"""Stack the prepared inputs of pictures to batches for a transformers model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from tierbench.models.image_processor import Prepared


def batches(
    inputs: Sequence[Prepared], device: str, dtype: torch.dtype
) -> Iterator[tuple[list[int], dict[str, torch.Tensor]]]:
    """Yield the inputs of pictures that have one shape as a batch, by the names that forward() has, with their places.

    Most image processors make all pictures alike; some keep the aspect ratio, and the model takes one shape at a time.

    Args:
        inputs: as `ImageProcessor.preparation` makes them.
        device: where the model is.
        dtype: of its weights; whole numbers, such as masks and sizes, stay what they are.
    """
    import torch

    rows = [row if isinstance(row, Mapping) else {"pixel_values": row} for row in inputs]
    alike: dict[tuple[torch.Size, ...], list[int]] = {}
    for index, row in enumerate(rows):
        alike.setdefault(tuple(tensor.shape for tensor in row.values()), []).append(index)
    for indices in alike.values():
        stacked = {name: torch.stack([rows[index][name] for index in indices]) for name in rows[indices[0]]}
        yield indices, {name: _placed(tensor, device, dtype) for name, tensor in stacked.items()}


def _placed(tensor: torch.Tensor, device: str, dtype: torch.dtype) -> torch.Tensor:
    import torch

    # As the weights of convolutional networks are, which run faster for it.
    layout = torch.channels_last if tensor.ndim == 4 else torch.preserve_format
    return tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype, memory_format=layout)
