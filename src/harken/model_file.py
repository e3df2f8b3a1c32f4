"""The model file: one `.onnx` file that says what it requires of its input.

The graph holds input transform, network, temperature and softmax; the metadata holds the contract
and the figures. It is opened by onnxruntime alone, without torch or onnx.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harken.errors import ContractError, ModelFileError, storing
from harken.files import replacing
from harken.recording import UNITS
from harken.windows import Windows, WindowSpec

if TYPE_CHECKING:
    import onnxruntime

    from harken.models.network import Network

FORMAT_VERSION = 1
#: The key in the file's metadata under which all that Harken knows stands as JSON.
METADATA_KEY = "harken"
#: No network here is near it; a larger file is refused before it is read.
MAX_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Contract:
    """What a model requires of its input.

    Attributes
    ----------
    channels : names, in order
    labels : names of the classes, in order
    rate_hz, n_steps, stride_steps : the form of the windows
    warm_up_s : seconds after a start or a gap whose windows should not be trusted
    filter_chain : name of the filters that the channels went through
    placement : where the device is worn
    mounting : empty where the dataset does not say; else `up` and `forward`, the axes that point
        there when the wearer is upright, and `learnt`: from devices "as-worn", or from recordings
        that were turned into these axes by their "estimated" mounting
    units : by kind of channel
    """

    channels: tuple[str, ...]
    labels: tuple[str, ...]
    rate_hz: float
    n_steps: int
    stride_steps: int
    warm_up_s: float
    filter_chain: str = "uci-har"
    placement: str = "waist"
    mounting: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=lambda: dict(UNITS))

    @property
    def spec(self) -> WindowSpec:
        return WindowSpec(self.n_steps, self.stride_steps, self.rate_hz)

    def check(self, windows: Windows) -> Windows:
        """The windows with just the contract's channels.

        Raises
        ------
        ContractError
            They do not fit, with what was found and what is needed.
        """
        missing = [name for name in self.channels if name not in windows.channels]
        if missing:
            raise ContractError(
                f"The model needs the channel{'s' if len(missing) > 1 else ''} "
                f"{', '.join(missing)}; the input has {', '.join(windows.channels)}. "
                "A recording without gyroscope needs a model trained with --channels accelerometer."
            )
        if windows.n_steps != self.n_steps:
            raise ContractError(
                f"The model needs windows of {self.n_steps} steps; these have {windows.n_steps}."
            )
        if abs(windows.rate_hz - self.rate_hz) > 0.01 * self.rate_hz:
            raise ContractError(
                f"The model needs {self.rate_hz:g} samples a second; these windows have "
                f"{windows.rate_hz:g}."
            )
        return windows.with_channels(self.channels)


@dataclass(frozen=True)
class Card:
    """All that stands in a model file besides the graph.

    Attributes
    ----------
    contract : what it requires
    network, preset, dataset, protocol, seed : where it comes from
    figures : metrics on the test subjects, under the keys of metrics.json
    credits : of the training data
    versions : of Harken and what it was made with
    temperature : what logits are divided by before the softmax
    embedding : `mean` by class, shared `covariance`, of the training windows' embeddings
    head : names of the last layer's `weight` and `bias` in the graph
    """

    contract: Contract
    network: str
    preset: str
    dataset: str
    protocol: str
    seed: int
    figures: Mapping[str, Any]
    credits: str
    versions: Mapping[str, str]
    temperature: float
    embedding: Mapping[str, Any]
    head: Mapping[str, str] = field(
        default_factory=lambda: {"weight": "head.weight", "bias": "head.bias"}
    )


def save(path: str | Path, network: Network, card: Card) -> None:
    """Write a model file, whole or not at all."""
    about = {"format_version": FORMAT_VERSION, **dataclasses.asdict(card)}
    model = network.to_graph(card.temperature).model({METADATA_KEY: json.dumps(about)})
    with storing(path), replacing(path) as file:
        file.write(model.SerializeToString())


def load(path: str | Path) -> tuple[onnxruntime.InferenceSession, Card]:
    """Open a model file and verify that its graph is what its contract says.

    Raises
    ------
    ModelFileError
        Not there, too large, no ONNX file, not made by Harken, or contradicting itself.
    """
    data = _read(Path(path))
    session = _open(data, path)
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ModelFileError(
            f"{path} is an ONNX file, but carries no contract: not made by Harken."
        )
    try:
        about = json.loads(text)
        version = about.pop("format_version")
        if version != FORMAT_VERSION:
            raise ModelFileError(
                f"{path} has format version {version}; this Harken reads {FORMAT_VERSION}. "
                "Use the version of Harken that made it, or train it anew."
            )
        contract = about.pop("contract")
        for key in ("channels", "labels"):
            contract[key] = tuple(contract[key])
        card = Card(contract=Contract(**contract), **about)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelFileError(f"{path}: its metadata cannot be understood ({error}).") from None
    _verify_graph(session, card.contract, path)
    return session, card


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ModelFileError(
                f"{path} has {size:,} bytes; a model file has under {MAX_BYTES:,}."
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise ModelFileError(
            f"There is no model file {path}. `harken train` writes one as RUN/model.onnx."
        ) from None
    except IsADirectoryError:
        raise ModelFileError(
            f"{path} is a folder; name the file, such as {path}/model.onnx."
        ) from None


def _open(data: bytes, path: str | Path) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        # From bytes, so that no file beside it can be drawn in as external data.
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no public base
        reason = str(error).splitlines()[0][:200]
        raise ModelFileError(f"{path} is no usable ONNX file: {reason}") from None


def _verify_graph(
    session: onnxruntime.InferenceSession, contract: Contract, path: str | Path
) -> None:
    found = {value.name: value.shape[1:] for value in session.get_inputs() + session.get_outputs()}
    needed = {
        "window": [contract.n_steps, len(contract.channels)],
        "probability": [len(contract.labels)],
    }
    for name, shape in needed.items():
        if found.get(name) != shape:
            raise ModelFileError(
                f"{path} contradicts itself: its contract needs {name!r} with shape (n, "
                f"{', '.join(map(str, shape))}); its graph has {found.get(name)}."
            )
