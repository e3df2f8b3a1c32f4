"""`harken.personalise`: a model for one person, from a few minutes that they labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import InputError, ModelFileError, storing
from harken.core.files import replacing
from harken.core.recording import Recording
from harken.evaluation.metrics import score
from harken.evaluation.splits import WITHIN_SUBJECT
from harken.inference.predictor import Predictor
from harken.inference.prepare import fitting_model
from harken.model import file as model_file
from harken.model import pretrained
from harken.model.card import Card
from harken.model.personal_record import Personalisation
from harken.orientation.mounting import Mounting
from harken.personal import held_out
from harken.personal.head import STRENGTH, Head, metric_of, refit
from harken.personal.labelled import name_of, read_source, read_spans, windows_of
from harken.preparation import Settings
from harken.signal.windows import UNLABELLED, Windows, concatenate

#: Windows of an activity that are too few to learn from some and judge on others.
_FEWEST = 2 * held_out.N_BLOCKS

Source = str | Path | Recording | Windows


@dataclass(frozen=True, eq=False)
class Personalised:
    """A model that was fitted to one person, not yet written.

    Attributes
    ----------
    card : as it will stand in the file, but for `forced`
    head : the new last layer
    start : the model that it was fitted from
    better : whether it did better on held-out time of that person
    n_windows : labelled windows that it learnt from
    notes : what was left out, one sentence each
    """

    card: Card
    head: Head
    start: Predictor
    better: bool
    n_windows: int
    notes: tuple[str, ...]

    @property
    def personal(self) -> Personalisation:
        """What the card says of the fit."""
        assert self.card.personal is not None
        return self.card.personal

    def save(self, path: str | Path, *, overwrite: bool = False, force: bool = False) -> Path:
        """Write the model file, whole or not at all.

        Parameters
        ----------
        overwrite : replace what is there
        force : write a model that did no better, and mark it so

        Raises
        ------
        InputError
            It did no better, or there is such a file.
        StorageError
            The disk is full, or there is no permission.
        """
        path = Path(path)
        if not self.better and not force:
            raise InputError(
                f"{path} was not written: on held-out time the model for this person does "
                f"{self.shortfall} To write it all the same: --force (force=True)."
            )
        refuse_existing(path, overwrite=overwrite)
        card = replace(self.card, personal=replace(self.personal, forced=not self.better))
        data = model_file.with_last_layer(self.start.path, self.head.weight, self.head.bias, card)
        with storing(path), replacing(path) as file:
            file.write(data)
        return path

    @property
    def shortfall(self) -> str:
        """Why it is not better, and what to do about it; goes on after "it does"."""
        personal = self.personal
        if personal.after.accuracy < held_out.least_accuracy(len(personal.minutes)):
            return (
                f"little better than chance: {personal.after.accuracy:.0%} are recognised. Do the "
                "labels belong to this recording, and are their times right?"
            )
        return (
            "no better than the one that it was fitted from. Label more, above all what is "
            "confused (--propose N says which stretches)."
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        personal = self.personal
        return {
            "from_sha256": personal.from_sha256,
            "minutes": dict(personal.minutes),
            "n_windows": self.n_windows,
            "strength": personal.strength,
            "protocol": WITHIN_SUBJECT,
            "before": vars(personal.before),
            "after": vars(personal.after),
            "better": self.better,
            "notes": list(self.notes),
        }


def personalise(
    model: str | Path | Predictor,
    recordings: Source | Sequence[Source],
    *,
    labels: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    placement: str | None = None,
    mounting: str | Mounting | NDArray[np.float64] = "estimate",
    strength: float = STRENGTH,
) -> Personalised:
    """Fit a model's last layer to one person; the network before it stays.

    Labelled activities are told apart anew; the place of those without labels does not move. Needs
    neither torch nor onnx.

    Parameters
    ----------
    model : a model file, the name of one that ships, or an opened one
    recordings : one person's, with labels: files in any form that `harken.read` takes, window
        files, or what was read from them
    labels : a table with start_s, end_s and activity, in place of what the one recording says
    columns, placement, mounting : as for `harken.predict`
    strength : of the pull towards the old last layer; the default was chosen on the training people
        of HAPT

    Returns
    -------
    Personalised
        `better` tells whether it is; `save` writes it.

    Raises
    ------
    InputError
        No labels, too few, such that the model cannot tell, or of more than one person.
    ContractError
        A recording is not what the model requires.
    ModelFileError
        The model cannot be personalised.
    """
    predictor = model if isinstance(model, Predictor) else Predictor(model)
    _refuse_unfit_model(predictor)
    if not 0 < strength < np.inf:
        raise InputError(f"The strength is {strength:g}; it must be more than 0.")
    settings = Settings(columns, placement, mounting)
    predictor, windows = labelled_windows(predictor, recordings, labels, settings)
    windows, notes = _usable(windows, predictor)
    probability, embedding = predictor.run(windows)
    old = head_of(predictor)
    _refuse_other_heads(old, embedding, probability, predictor)
    metric = metric_of(predictor.card.embedding)
    logs = held_out.compare(old, windows, embedding, metric, strength=strength)
    before, after = (held_out.figures(log, windows.y) for log in logs)
    personal = Personalisation(
        from_sha256=model_file.hash_of(predictor.path),
        minutes=_minutes(windows),
        strength=strength,
        before=before,
        after=after,
        forced=False,
    )
    card = replace(
        predictor.card,
        protocol=WITHIN_SUBJECT,
        figures=_figures(windows, np.exp(logs[1]).astype(np.float32)),
        personal=personal,
    )
    return Personalised(
        card=card,
        head=refit(old, embedding, windows.y, metric, strength=strength),
        start=predictor,
        better=held_out.is_better(before, after, len(personal.minutes)),
        n_windows=len(windows),
        notes=notes,
    )


def head_of(predictor: Predictor) -> Head:
    """The last layer of a model."""
    weight, bias = model_file.last_layer(predictor.path, predictor.card)
    return Head(weight.astype(np.float64), bias.astype(np.float64), predictor.card.temperature)


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Refuse to replace a file that nobody said to replace; a folder never is.

    Raises
    ------
    InputError
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; name the file to write in it.")
    if path.exists() and not overwrite:
        raise InputError(
            f"{path} is there already. Name another file with --out, or say --overwrite."
        )


def labelled_windows(
    predictor: Predictor,
    recordings: Source | Sequence[Source],
    labels: str | Path | None,
    settings: Settings,
) -> tuple[Predictor, Windows]:
    """All windows of one person's recordings, labelled or not, and the model that fits them.

    That is the model without gyroscope where a recording has none and the default was given.

    Raises
    ------
    InputError
        Labels for several recordings, or recordings of several people.
    """
    single = isinstance(recordings, str | Path | Recording | Windows)
    sources: list[Source] = [recordings] if single else list(recordings)  # type: ignore[list-item,arg-type]
    if not sources:
        raise InputError("There is no recording to personalise with.")
    if labels is not None and len(sources) > 1:
        raise InputError("A table of labels is for one recording; name one.")
    spans = None if labels is None else read_spans(labels)
    found = [read_source(source, settings) for source in sources]
    predictor = fitting_model(predictor, [one for one in found if isinstance(one, Recording)])
    windows = concatenate(
        [
            windows_of(one, name_of(source), predictor, settings, spans)
            for one, source in zip(found, sources, strict=True)
        ]
    )
    people = [subject for subject in windows.subjects if subject]
    if len(people) > 1:
        raise InputError(
            f"A model is personalised for one person; the recordings are of {', '.join(people)}."
        )
    return predictor, windows


def _refuse_unfit_model(predictor: Predictor) -> None:
    card = predictor.card
    if card.personal is not None:
        raise InputError(
            f"{predictor.path} is fitted to a person already. Start from the model that it came "
            "from, with all of that person's recordings: held-out time would not be new to it."
        )
    if not card.embedding:
        raise ModelFileError(
            f"{predictor.path} does not tell how its embeddings are spread, which personalising "
            "needs. Train it anew with this version of Harken."
        )


def _refuse_other_heads(
    head: Head,
    embedding: NDArray[np.float32],
    probability: NDArray[np.float32],
    predictor: Predictor,
) -> None:
    """Refuse a graph whose answers do not come from its last layer as those of networks here do."""
    if not np.allclose(np.exp(head.log_probability(embedding)), probability, atol=1e-3):
        raise ModelFileError(
            f"{predictor.path} does more with its last layer than a softmax; such a model cannot "
            "be personalised."
        )


def _usable(windows: Windows, predictor: Predictor) -> tuple[Windows, tuple[str, ...]]:
    """The labelled windows, but for those of activities with too few."""
    counts = np.bincount(windows.y[windows.y != UNLABELLED], minlength=len(windows.labels))
    few = (counts > 0) & (counts < _FEWEST)
    spec = predictor.contract.spec
    fewest_s = spec.window_s + (_FEWEST - 1) * spec.stride_s
    if not counts.any():
        raise InputError(
            "Nothing is labelled for as long as a window, "
            f"{spec.window_s:g} s. Add a column 'label' with the activity of each sample, or give "
            "a table with start_s, end_s and activity as --labels (labels=...); --propose N shows "
            "which stretches to label."
        )
    if (counts >= _FEWEST).sum() < 2:
        told = ", ".join(f"{windows.labels[c]}: {counts[c]} windows" for c in counts.nonzero()[0])
        raise InputError(
            f"Too little is labelled ({told}). Personalising compares activities: label at least "
            f"two, each for {fewest_s:.0f} s or more, which are {_FEWEST} windows."
        )
    notes = tuple(
        f"{windows.labels[code]} left out: {counts[code]} labelled windows, of {_FEWEST} needed"
        for code in few.nonzero()[0]
    )
    kept = (windows.y != UNLABELLED) & ~few[windows.y]
    return windows.select(kept), notes


def _minutes(windows: Windows) -> dict[str, float]:
    """Labelled time by activity; what windows share is counted once."""
    minutes = {}
    for code in np.unique(windows.y):
        own = windows.select(windows.y == code)
        steps = np.rint(own.start_s * own.rate_hz).astype(np.int64)
        n_steps = 0
        for recording in np.unique(own.recording):
            first = np.sort(steps[own.recording == recording])
            n_steps += own.n_steps + int(np.minimum(np.diff(first), own.n_steps).sum())
        minutes[own.labels[code]] = round(n_steps / own.rate_hz / 60, 3)
    return minutes


def _figures(windows: Windows, probability: NDArray[np.float32]) -> dict[str, Any]:
    found = score(windows.y, probability, windows.labels, windows.subject)
    left_out = ("per_subject", "confusion_matrix", "worst_subject")
    return {name: value for name, value in found.items() if name not in left_out}


def default_out(model: str) -> Path:
    """Where a model for a person goes if no file is named."""
    stem = model if model in pretrained.SHIPPED else Path(model).stem
    return Path(f"{stem}-personal.onnx")
