"""The models that a service offers, by name. They are named when it starts, never by a client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harken.core.errors import InputError, UnknownNameError
from harken.core.recording import UNITS
from harken.inference.predictor import Predictor
from harken.model import pretrained
from harken.model.card import write_card


@dataclass(frozen=True, eq=False)
class Offered:
    """A model under the name by which clients ask for it."""

    name: str
    predictor: Predictor

    @property
    def path(self) -> str:
        """The model file, from the root, for a process in another folder."""
        return str(self.predictor.path.absolute())

    @property
    def description(self) -> str | None:
        """What it is for, of a model that ships."""
        ships = self.predictor.path == pretrained.find(self.name)
        return pretrained.SHIPPED.get(self.name) if ships else None

    @cached_property
    def card(self) -> bytes:
        """What the model file says of itself, as JSON."""
        return write_card(self.predictor.card).encode()

    def summary(self) -> dict[str, Any]:
        """What one needs to know to send windows, for JSON."""
        contract = self.predictor.contract
        return {
            "name": self.name,
            "description": self.description,
            "network": self.predictor.card.network,
            "dataset": self.predictor.card.dataset,
            "labels": list(contract.labels),
            "channels": list(contract.channels),
            "units": dict(UNITS),
            "rate_hz": contract.rate_hz,
            "n_steps": contract.n_steps,
            "placement": contract.placement,
        }


class Shelf:
    """Models by name; the first is the one that answers where a client names none.

    Parameters
    ----------
    models : names of models that ship, paths, or name=path

    Raises
    ------
    InputError
        Two have one name, or there are none.
    ModelFileError
        One cannot be used.
    """

    def __init__(self, models: Iterable[str]) -> None:
        self._offered: dict[str, Offered] = {}
        for given in models:
            name, path = _name_and_path(given)
            if name in self._offered:
                raise InputError(
                    f"Two models would be called {name!r}. Give one another name: --model "
                    f"other={path}."
                )
            # One thread a call: with several, calls of a few windows take longer, and their
            # waiting threads take the cores from everything else.
            self._offered[name] = Offered(name, Predictor(path, threads=1))
        if not self._offered:
            raise InputError("A service needs a model; name one with --model.")

    def __iter__(self) -> Iterator[Offered]:
        return iter(self._offered.values())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._offered)

    @property
    def default(self) -> str:
        return next(iter(self._offered))

    @property
    def stream_default(self) -> str:
        """The model for streams where a client names none: the one that ships for them, if here."""
        return pretrained.STREAM if pretrained.STREAM in self._offered else self.default

    def find(self, name: str | None) -> Offered:
        """A model by its name; None finds the default.

        Raises
        ------
        UnknownNameError
        """
        name = self.default if name is None else name
        if name not in self._offered:
            raise UnknownNameError("model", name[:100], self._offered)
        return self._offered[name]


def _name_and_path(given: str) -> tuple[str, str]:
    """A model file of a run is called after the run's folder; others are after themselves."""
    name, equals, path = given.partition("=")
    if equals and name and "/" not in name:
        return name, path
    file = Path(given)
    return (file.resolve().parent.name if file.name == "model.onnx" else file.stem), given
