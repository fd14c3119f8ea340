"""The model kind `endpoint`: a model behind a URL, or of the Hub's serverless inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.models.classifier import Classifier
from tierbench.models.endpoint_client import EndpointClient
from tierbench.models.endpoint_hf import HfEndpoint
from tierbench.models.endpoint_settings import EndpointSettings
from tierbench.models.endpoint_spec import EndpointSpec, parse_endpoint
from tierbench.models.endpoint_token import find_token
from tierbench.models.endpoint_v2 import V2Endpoint
from tierbench.models.files import config_labels, read_json


def open_endpoint(
    spec: str,
    *,
    device: str,
    dtype: str,
    root: Path,
    labels: Sequence[str] | None,
    processor: Path | None = None,
    endpoint: EndpointSettings | None = None,
) -> Classifier:
    """Open a model behind a server, which is asked for what must be known of it; see `Opener`.

    Args:
        spec: `endpoint:URL[@version]` or `endpoint:hf/org/name[@version]`.
        device, dtype, root: without meaning for a model elsewhere.
        labels: names of its classes; needed for the protocol v2.
        processor: folder with its image processor; for the protocol v2 only.
        endpoint: deadline, concurrency and token.
    """
    parsed, settings = parse_endpoint(spec), endpoint or EndpointSettings()
    url = _serverless_url(parsed.hub_model) if parsed.hub_model else parsed.url
    client = EndpointClient(parsed.place, find_token(url, settings.token_variable, parsed.place), settings)
    if parsed.protocol == "v2":
        return _open_v2(parsed, client, labels, processor, settings.concurrency)
    if processor is not None:
        raise UserError(
            f"{parsed.place}: the endpoint preprocesses the pictures itself; leave out --robust-processor "
            "(tierbench: --processor)"
        )
    multi_label = None
    if parsed.hub_model:
        known, multi_label = _hub_config(parsed.hub_model)
        labels = labels or known
    return HfEndpoint(parsed, url, client, labels, multi_label, settings.concurrency)


def _open_v2(
    spec: EndpointSpec, client: EndpointClient, labels: Sequence[str] | None, processor: Path | None, concurrency: int
) -> Classifier:
    """Open an endpoint that takes tensors; labels and their kind are in the config beside the image processor."""
    if processor is None:
        raise UserError(
            f"{spec.place}: the endpoint takes tensors, so its preprocessing must be declared; name the folder of its "
            "image processor with --robust-processor (tierbench: --processor)"
        )
    multi_label = False
    if (processor / "config.json").is_file():
        config = read_json(processor / "config.json", spec.place, "save it again, or remove it")
        labels = labels or config_labels(config, spec.place)
        multi_label = _is_multi_label(config, labels)
    if labels is None:
        raise UserError(
            f"{spec.place}: the endpoint does not name its labels; write them, one per line, into a file for "
            "--robust-labels (tierbench: --labels)"
        )
    return V2Endpoint(spec, client, labels, processor, multi_label, concurrency)


def _serverless_url(model: str) -> str:
    from huggingface_hub import constants

    return f"{constants.INFERENCE_PROXY_TEMPLATE.format(provider='hf-inference')}/models/{model}"


def _hub_config(model: str) -> tuple[tuple[str, ...] | None, bool | None]:
    """Return the labels in a Hub model's config, and whether they exclude each other; None for what is not known.

    Nothing of it is needed: the endpoint's own answers say it too.
    """
    from huggingface_hub import hf_hub_download

    try:
        file = Path(hf_hub_download(model, "config.json"))
        config = read_json(file, f"model {model!r}", "")
    except Exception:
        # Besides its own errors, the client lets those of its HTTP library through.
        return None, None
    try:
        labels = config_labels(config, "")
    except UserError:
        return None, None
    return labels, _is_multi_label(config, labels)


def _is_multi_label(config: Mapping[str, Any], labels: Sequence[str]) -> bool:
    """Return whether the outputs are sigmoids, by the rule of the transformers pipeline."""
    return config.get("problem_type") == "multi_label_classification" or len(labels) == 1
