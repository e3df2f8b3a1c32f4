"""The model file: one `.onnx` file that says what it requires of its input.

The graph holds input transform, network, temperature and softmax; the metadata holds the card: the
contract, the figures, where it comes from. A hash of both shows damage. It does not show who made
a file: whoever changes one can hash it anew. It is opened by onnxruntime alone, without torch or
onnx, and not before the file has been found to be whole and of Harken's kind.

The graph of a network that streams takes a chunk and what was kept of the stream before it (see
`Network.to_step_graph`); a window is a stream that begins and ends with it. So one graph answers
both.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import harken
from harken.core.errors import ModelFileError, storing
from harken.core.files import replacing
from harken.model.card import Card, read_card, write_card
from harken.model.contract import Contract
from harken.model.engine import Engine
from harken.model.onnx_file import OnnxFile, check_graph, read_onnx
from harken.model.onnx_patch import patch, read_constant

if TYPE_CHECKING:
    import onnxruntime

    from harken.networks.network import Network

#: The keys in the file's metadata: the card as JSON, and the hash of the graph and of it.
METADATA_KEY, HASH_KEY = "harken", "harken_sha256"
#: No network here is near it; of a larger file no more is read.
MAX_BYTES = 64 * 2**20


def save(path: str | Path, network: Network, card: Card) -> None:
    """Write a model file, whole or not at all."""
    text = write_card(card)
    to_graph = network.to_graph if card.stream is None else network.to_step_graph
    graph = to_graph(card.temperature)
    bare = read_onnx(graph.model({}).SerializeToString())
    model = graph.model({METADATA_KEY: text, HASH_KEY: content_hash(bare.graph, text)})
    with storing(path), replacing(path) as file:
        file.write(model.SerializeToString())


def content_hash(graph: memoryview, card: str) -> str:
    """SHA-256 of a file's graph and card, in hexadecimal."""
    digest = hashlib.sha256(graph)
    digest.update(card.encode())
    return digest.hexdigest()


def load(path: str | Path) -> tuple[onnxruntime.InferenceSession, Card]:
    """Open a model file and verify that its graph is what its contract says.

    A call of the session computes on one core; several threads may call it at the same time.

    Raises
    ------
    ModelFileError
        Not there, too large, no ONNX file, not made by Harken, damaged, or contradicting itself.
    """
    data = _read(Path(path))
    try:
        file = read_onnx(data)
    except ValueError as error:
        raise ModelFileError(f"{path} is no usable ONNX file: {error}.") from None
    card = _card(file, path)
    n_features = _verify_constants(file, card, path)
    session = _open(data, path)
    _verify_graph(session, card, n_features, path)
    _try_out(Engine(session, card.stream), card.contract, path)
    return session, card


def last_layer(path: str | Path, card: Card) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weight (n_features, n_classes) and bias (n_classes,) of a file that `load` lets through."""
    graph = read_onnx(_read(Path(path))).graph
    weight, bias = (read_constant(graph, card.head[name]) for name in ("weight", "bias"))
    return weight.reshape(-1, len(bias)), bias


def hash_of(path: str | Path) -> str:
    """The hash of a file that `load` has let through, whether or not it tells one."""
    file = read_onnx(_read(Path(path)))
    return content_hash(file.graph, file.metadata[METADATA_KEY])


def with_last_layer(
    path: str | Path, weight: NDArray[np.floating], bias: NDArray[np.floating], card: Card
) -> bytes:
    """What a file becomes with another last layer and another card; needs neither torch nor onnx.

    Parameters
    ----------
    path : a file that `load` has let through
    weight, bias : in the shapes of `last_layer`
    card : of the new file
    """
    text = write_card(card)
    new = {card.head["weight"]: weight, card.head["bias"]: bias}
    bare = patch(_read(Path(path)), new, {})
    digest = content_hash(read_onnx(bare).graph, text)
    return patch(bare, {}, {METADATA_KEY: text, HASH_KEY: digest})


def _card(file: OnnxFile, path: str | Path) -> Card:
    text = file.metadata.get(METADATA_KEY)
    if text is None:
        raise ModelFileError(
            f"{path} is an ONNX file, but carries no contract: not made by Harken."
        )
    # Files made before there was a hash have none.
    told = file.metadata.get(HASH_KEY)
    if told is not None and told != content_hash(file.graph, text):
        raise ModelFileError(
            f"{path} is damaged: its content is not that which its hash was made of. Copy it anew."
        )
    try:
        return read_card(text)
    except ValueError as error:
        raise ModelFileError(
            f"{path}: its metadata cannot be understood: {error}. This is Harken "
            f"{harken.__version__}; use the version that made the file, or train it anew."
        ) from None


def _verify_constants(file: OnnxFile, card: Card, path: str | Path) -> int:
    """Verify that the graph is of known parts and holds the card's last layer.

    Returns how many features that layer takes.
    """
    try:
        sizes = check_graph(file.graph)
    except ValueError as error:
        raise ModelFileError(f"{path} is no graph that Harken makes: {error}.") from None
    n_classes = len(card.contract.labels)
    weight, bias = (sizes.get(card.head[name], ()) for name in ("weight", "bias"))
    if len(weight) != 2 or weight[1] != n_classes or bias != (n_classes,):
        raise ModelFileError(
            f"{path} contradicts itself: its card needs a last layer for {n_classes} labels; its "
            f"graph has one of {weight} and {bias}."
        )
    if card.embedding and len(card.embedding["covariance"]) != weight[0]:
        raise ModelFileError(
            f"{path} contradicts itself: its card is of {len(card.embedding['covariance'])} "
            f"features; its graph has {weight[0]}."
        )
    return weight[0]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ModelFileError(
            f"There is no model file {path}. `harken train` writes one as RUN/model.onnx."
        ) from None
    except IsADirectoryError:
        raise ModelFileError(
            f"{path} is a folder; name the file, such as {path}/model.onnx."
        ) from None
    if len(data) > MAX_BYTES:
        raise ModelFileError(f"{path} has more than {MAX_BYTES:,} bytes: no model file does.")
    return data


def _open(data: bytes, path: str | Path) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # An LSTM's products are too small to be shared out; see `Predictor` for several cores.
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # what is wrong is told by the exceptions
    try:
        # From bytes, so that no file beside it can be drawn in as external data.
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no public base
        reason = str(error).splitlines()[0][:200]
        raise ModelFileError(f"{path} is no usable ONNX file: {reason}") from None


def _verify_graph(
    session: onnxruntime.InferenceSession, card: Card, n_features: int, path: str | Path
) -> None:
    try:
        found: list[dict[str, list[int | str]]] = [
            {value.name: value.shape[1:] for value in values}
            for values in (session.get_inputs(), session.get_outputs())
        ]
    except UnicodeDecodeError:
        raise ModelFileError(f"{path} has names in its graph that are no text.") from None
    n_steps, n_channels = card.contract.n_steps, len(card.contract.channels)
    needed: list[dict[str, list[int | str]]]
    answers: dict[str, list[int | str]] = {
        "probability": [len(card.contract.labels)],
        "embedding": [n_features],
    }
    if card.stream is None:
        needed = [{"window": [n_steps, n_channels]}, answers]
    else:
        shapes = card.stream.shapes.items()
        needed = [
            # A chunk may have any length, for which its axis has a name.
            {"chunk": ["n_steps", n_channels], **{f"state.{k}": [*v] for k, v in shapes}},
            {**answers, **{f"next.{k}": [*v] for k, v in shapes}},
        ]
    if found != needed:
        raise ModelFileError(
            f"{path} contradicts itself: its card needs a graph from {needed[0]} to {needed[1]}, "
            f"by window; its graph goes from {found[0]} to {found[1]}."
        )


def _try_out(engine: Engine, contract: Contract, path: str | Path) -> None:
    """Answer one window: a graph of known parts may still not go together."""
    time = np.linspace(0, 20, contract.n_steps, dtype=np.float32)[:, None]
    window = np.sin(time + np.arange(len(contract.channels), dtype=np.float32))[None]
    try:
        probability, _ = engine.answer(window)
        in_chunks = _in_chunks(engine, window)
    except Exception as error:  # onnxruntime's own exceptions share no public base
        reason = str(error).splitlines()[0][:200]
        raise ModelFileError(f"{path} cannot answer: {reason}") from None
    if not (probability.min() >= 0 and abs(float(probability.sum()) - 1) < 1e-3):
        raise ModelFileError(f"{path} gives answers that are no probabilities.")
    if in_chunks is not None and not np.allclose(in_chunks, probability, atol=1e-4):
        raise ModelFileError(
            f"{path} contradicts itself: in chunks a window is answered otherwise than whole."
        )


def _in_chunks(engine: Engine, window: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """What the network says of a window that comes in three chunks, if it goes on from a state."""
    stream = engine.stream
    if stream is None or window.shape[1] < 3 * stream.stride_steps:
        return None
    # The last two are as short as can be, so that what is kept before each decides much.
    at = [-2 * stream.stride_steps, -stream.stride_steps]
    state = stream.zeros(len(window))
    for chunk in np.split(window[:, stream.left_out(window.shape[1]) :], at, axis=1):
        probability, _, state = engine.go_on(chunk, state)
    return probability
