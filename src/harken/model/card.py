"""What a model file says of itself: its card, and how that is read back from JSON.

A card is refused whole where a field is missing, unknown, of another type or out of range: half
understood, it would be trusted for what it does not say.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harken.core.json_fields import JsonFields
from harken.core.recording import UNITS
from harken.model.abstention import Abstention, SignalModel
from harken.model.abstention.signals import n_statistics
from harken.model.contract import Contract
from harken.model.personal_record import HeldOut, Personalisation
from harken.model.smoothing import Smoothing
from harken.networks.stream_state import StreamState, read_stream_state

#: Of the card's form. A file of another version is refused.
FORMAT_VERSION = 1
#: More than any device or dataset has.
_MOST_NAMES = 1000
#: Layers are not wider than this.
_MOST_FEATURES = 4096
#: Of a density of signals.
_MOST_COMPONENTS = 100


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
    smoothing : of neighbouring windows' answers; None where it was not fitted
    personal : how it was fitted to one person; None for a model for everybody. Where it is there,
        `protocol` and `figures` are those of that person's held-out time
    abstention : when it is not sure of a window; None where that was not fitted
    stream : what its network keeps of a stream, if its graph goes on from such a state; None where
        the graph takes whole windows
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
    smoothing: Smoothing | None = None
    personal: Personalisation | None = None
    abstention: Abstention | None = None
    stream: StreamState | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dataclasses.asdict(self)


def rounded(value: float) -> float:
    """A number as it stands in a card: six digits are finer than anything measured."""
    return float(f"{value:.6g}")


def write_card(card: Card) -> str:
    """The card as JSON.

    Raises
    ------
    ValueError
        It holds a number that is not finite, which JSON does not have.
    """
    about = {"format_version": FORMAT_VERSION, **card.as_dict()}
    return json.dumps(about, allow_nan=False)


def read_card(text: str) -> Card:
    """The card that `write_card` wrote.

    Raises
    ------
    ValueError
        It is not one, with what was found where.
    """
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    about = JsonFields(found, "the card")
    version = about.whole("format_version", 0, 2**31)
    if version != FORMAT_VERSION:
        raise ValueError(f"it has format version {version}, this Harken reads {FORMAT_VERSION}")
    versions = about.texts_by_name("versions")
    try:
        return _card(about, versions)
    except ValueError as error:
        made_by = versions.get("harken", "of a version that it does not tell")
        raise ValueError(f"{error} (it was made by Harken {made_by})") from None


def _card(about: JsonFields, versions: Mapping[str, str]) -> Card:
    contract = _contract(about.fields("contract"))
    card = Card(
        contract=contract,
        **{name: about.text(name) for name in ("network", "preset", "dataset", "protocol")},
        seed=about.whole("seed", 0, 2**63),
        figures=about.mapping("figures"),
        credits=about.text("credits", lines=True),
        versions=versions,
        temperature=about.number("temperature", 1e-6, 1e6),
        embedding=_embedding(about.fields("embedding"), len(contract.labels)),
        head=_head(about.fields("head")),
        smoothing=_smoothing(about, len(contract.labels)),
        personal=_personal(about, contract.labels),
        abstention=_abstention(about, contract.channels),
        stream=None if about.is_absent("stream") else read_stream_state(about.fields("stream")),
    )
    about.done()
    if card.abstention and not card.embedding:
        raise ValueError("it has 'abstention', but no 'embedding' to measure a distance from")
    if card.stream and card.stream.stride_steps > contract.n_steps:
        raise ValueError(
            f"its stream goes on by {card.stream.stride_steps} samples; its windows have "
            f"{contract.n_steps}"
        )
    return card


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is no finite number")


def _contract(about: JsonFields) -> Contract:
    contract = Contract(
        channels=about.names("channels", _MOST_NAMES),
        labels=about.names("labels", _MOST_NAMES),
        rate_hz=about.number("rate_hz", 0.1, 10_000),
        n_steps=about.whole("n_steps", 1, 10_000),
        stride_steps=about.whole("stride_steps", 1, 10_000),
        warm_up_s=about.number("warm_up_s", 0, 3600),
        filter_chain=about.text("filter_chain"),
        placement=about.text("placement"),
        mounting=about.texts_by_name("mounting", ("up", "forward", "learnt")),
        units=about.texts_by_name("units"),
    )
    about.done()
    if contract.units != UNITS:
        raise ValueError(f"its units are {dict(contract.units)}; Harken's are {UNITS}")
    return contract


def _embedding(about: JsonFields, n_classes: int) -> dict[str, list[list[float]]]:
    """Empty, or a mean by class and a covariance, of as many features."""
    if not about.names_given:
        return {}
    mean = about.matrix("mean", _MOST_FEATURES)
    covariance = about.matrix("covariance", _MOST_FEATURES)
    about.done()
    n_features = len(mean[0])
    if len(mean) != n_classes or {len(row) for row in covariance} != {len(covariance)}:
        raise ValueError("its embedding has not one mean by class and a square covariance")
    if len(covariance) != n_features:
        raise ValueError(
            f"its embedding has means of {n_features} features and a covariance of "
            f"{len(covariance)}"
        )
    return {"mean": mean, "covariance": covariance}


def _head(about: JsonFields) -> dict[str, str]:
    head = {name: about.text(name) for name in ("weight", "bias")}
    about.done()
    return head


def _smoothing(about: JsonFields, n_classes: int) -> Smoothing | None:
    """None where the file is older than smoothing, or says that there is none."""
    if about.is_absent("smoothing"):
        return None
    inner = about.fields("smoothing")
    # At 0 and 1 the logarithms end.
    near_0, near_1 = 1e-9, 1 - 1e-9
    stay = inner.numbers("stay", n_classes, near_0, near_1)
    prior = inner.numbers("prior", n_classes, near_0, 1.0)
    inner.done()
    return Smoothing(stay, prior)


def _personal(about: JsonFields, labels: tuple[str, ...]) -> Personalisation | None:
    if about.is_absent("personal"):
        return None
    inner = about.fields("personal")
    minutes = inner.fields("minutes")
    personal = Personalisation(
        from_sha256=inner.text("from_sha256"),
        minutes={name: minutes.number(name, 0, 1e6) for name in minutes.names_given},
        strength=inner.number("strength", 0, 1e9),
        before=_held_out(inner.fields("before")),
        after=_held_out(inner.fields("after")),
        forced=inner.flag("forced"),
    )
    if unknown := set(personal.minutes) - set(labels):
        raise ValueError(f"its minutes are of {sorted(unknown)[0][:50]!r}, which it cannot tell")
    inner.done()
    return personal


def _held_out(about: JsonFields) -> HeldOut:
    found = HeldOut(about.number("accuracy", 0, 1), about.number("log_loss", 0, 1e9))
    about.done()
    return found


def _abstention(about: JsonFields, channels: tuple[str, ...]) -> Abstention | None:
    """None where the file is older than abstention, or says that there is none."""
    if about.is_absent("abstention"):
        return None
    inner = about.fields("abstention")
    abstention = Abstention(
        confidence=inner.number("confidence", 0, 1),
        distance=inner.number("distance", 0, 1e9),
        density=None if inner.is_absent("density") else inner.number("density", -1e300, 1e300),
        signals=_signals(inner, channels),
    )
    inner.done()
    if (abstention.density is None) != (abstention.signals is None):
        raise ValueError("its abstention has one of 'density' and 'signals'; expected both or none")
    return abstention


def _signals(about: JsonFields, channels: tuple[str, ...]) -> SignalModel | None:
    if about.is_absent("signals"):
        return None
    inner = about.fields("signals")
    mean = inner.matrix("mean", _MOST_COMPONENTS)
    width = n_statistics(channels)
    if len(mean[0]) != width:
        raise ValueError(
            f"its signals have {len(mean[0])} statistics; its channels give {width or 'none'}"
        )
    low, high = inner.numbers("gravity", 2, 0, 1e3)
    covariance = inner.matrix("covariance", _MOST_COMPONENTS * width)
    signals = SignalModel(
        gravity=(low, high),
        weight=inner.numbers("weight", len(mean), 1e-12, 1),
        mean=tuple(map(tuple, mean)),
        covariance=tuple(map(tuple, covariance)),
    )
    inner.done()
    return signals
