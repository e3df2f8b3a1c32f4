"""Judge a model on the test subjects that its dataset prescribes."""

from __future__ import annotations

from typing import Any

from harken.core.errors import ContractError, LeakageError
from harken.evaluation import splits
from harken.evaluation.folds import LOSO, SUBJECT_KFOLD
from harken.evaluation.metrics import score
from harken.evaluation.splits import LEAKS
from harken.inference.predictor import Predictor
from harken.model.card import Card
from harken.signal.windows import UNLABELLED, Windows
from harken.training.run import Run

#: What the training left in the model file and no evaluation can find out anew.
_OF_TRAINING = ("n_parameters", "train_seconds", "epochs")

#: Datasets of the same people.
_SAME_PEOPLE = {
    "uci-har",
    "uci-har-upright",
    "hapt",
    "hapt-transitions",
    "hapt-upright",
    "hapt-upright-continuous",
}


def evaluate_official(predictor: Predictor, windows: Windows) -> dict[str, Any]:
    """Metrics on the official test subjects, under the keys of metrics.json.

    If the model file lies in a run, the opening of the test subjects goes into the run's record.

    Raises
    ------
    ContractError
        The model knows other activities than the dataset.
    LeakageError
        The model is of a cross-validation: it may have learnt from the official test subjects.
    """
    card = predictor.card
    if card.contract.labels != windows.labels:
        raise ContractError(
            f"The model tells {', '.join(card.contract.labels)}; the dataset is labelled with "
            f"{', '.join(windows.labels)}."
        )
    _refuse_a_fold(card, windows.dataset)
    split = splits.official(windows.select(windows.y != UNLABELLED))
    if run := Run.of_model_file(predictor.path):
        run.open_test("harken evaluate", split.test.subjects)
    probability = predictor.probability(split.test)
    metrics = score(split.test.y, probability, split.test.labels, split.test.subject)
    trained = {key: card.figures[key] for key in _OF_TRAINING if key in card.figures}
    return (
        metrics
        | trained
        | {
            "model": card.network,
            "preset": card.preset,
            "seed": card.seed,
            "dataset": windows.dataset,
            "protocol": split.protocol,
        }
    )


def _refuse_a_fold(card: Card, dataset: str) -> None:
    """The other folds of a cross-validation learn from official test subjects."""
    same_people = card.dataset == dataset or {card.dataset, dataset} <= _SAME_PEOPLE
    if same_people and card.protocol in (SUBJECT_KFOLD, LOSO, LEAKS):
        raise LeakageError(
            f"This model is of a cross-validation ({card.protocol} protocol) on {card.dataset}: it "
            "may have learnt from the official test subjects. Its figures on the people that it "
            "never saw stand in its run, in metrics.json; for the official split, train with "
            "harken train."
        )
