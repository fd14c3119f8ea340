"""Bring the prepared inputs of pictures to the device of a transformers model, and stack them to batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from tierbench.models.batch_size import parts

if TYPE_CHECKING:
    import torch

    from tierbench.models.image_processor import Prepared


def batches(
    inputs: Sequence[Prepared], device: str, dtype: torch.dtype
) -> Iterator[tuple[Sequence[int], dict[str, torch.Tensor]]]:
    """Yield the inputs of pictures that a model takes at once, by the names that forward() has, with their places.

    Most image processors make all pictures alike; some keep the aspect ratio, and the model takes one shape at a time.
    On the CPU it takes a few; see `parts`.

    Args:
        inputs: as `ImageProcessor.preparation` makes them.
        device: where the model is.
        dtype: of its weights; whole numbers, such as masks and sizes, stay what they are.
    """

    rows = [row if isinstance(row, Mapping) else {"pixel_values": row} for row in inputs]
    alike: dict[tuple[torch.Size, ...], list[int]] = {}
    for index, row in enumerate(rows):
        alike.setdefault(tuple(tensor.shape for tensor in row.values()), []).append(index)
    for indices in (part for same in alike.values() for part in parts(same, device)):
        stacked = {name: _stacked([rows[index][name] for index in indices], device) for name in rows[indices[0]]}
        yield indices, {name: _placed(tensor, device, dtype) for name, tensor in stacked.items()}


def copied_ahead(prepared: Prepared, device: str) -> Prepared:
    """Return a prepared picture on the device of its model; for a device other than CUDA, as it is.

    The threads that prepare pictures call it. Copies run on a stream of their own, from pinned memory, while the device
    computes what is on its usual stream. They are over on return, so that any stream may read them.

    Args:
        prepared: as `ImageProcessor.preparation` makes it.
        device: where the model is.
    """
    if device != "cuda":
        return prepared
    import torch

    stream = _copy_stream()

    def copied(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.pin_memory().to(device, non_blocking=True)

    try:
        with torch.cuda.stream(stream):
            if isinstance(prepared, Mapping):
                copy: Prepared = {name: copied(each) for name, each in prepared.items()}
            else:
                copy = copied(prepared)
        stream.synchronize()
    except torch.OutOfMemoryError:
        # The batch that it is in is copied when its turn comes, and halved if need be.
        return prepared
    return copy


@cache
def _copy_stream() -> torch.cuda.Stream:
    import torch

    # Without types in this release.
    stream: Any = torch.cuda.Stream
    made: torch.cuda.Stream = stream()
    return made


def _stacked(tensors: Sequence[torch.Tensor], device: str) -> torch.Tensor:
    import torch

    if len({tensor.device for tensor in tensors}) > 1:
        # Some could not be copied ahead.
        tensors = [tensor.to(device) for tensor in tensors]
    for tensor in tensors:
        if tensor.is_cuda:
            # Made on the stream of copies: its memory is not to be used again there while this stream reads it.
            tensor.record_stream(torch.cuda.current_stream())
    return torch.stack(tuple(tensors))


def _placed(tensor: torch.Tensor, device: str, dtype: torch.dtype) -> torch.Tensor:
    import torch

    # As the weights of convolutional networks are, which run faster for it.
    layout = torch.channels_last if tensor.ndim == 4 else torch.preserve_format
    return tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype, memory_format=layout)
