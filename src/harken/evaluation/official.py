"""Judge a model on the test subjects that its dataset prescribes."""

from __future__ import annotations

from typing import Any

from harken import splits
from harken.errors import ContractError
from harken.evaluation.metrics import score
from harken.predictor import Predictor
from harken.windows import Windows


def evaluate_official(predictor: Predictor, windows: Windows) -> dict[str, Any]:
    """Metrics on the official test subjects, under the keys of metrics.json.

    Raises
    ------
    ContractError
        The model knows other activities than the dataset.
    """
    card = predictor.card
    if card.contract.labels != windows.labels:
        raise ContractError(
            f"The model tells {', '.join(card.contract.labels)}; the dataset is labelled with "
            f"{', '.join(windows.labels)}."
        )
    split = splits.official(windows)
    probability = predictor.probability(split.test)
    metrics = score(split.test.y, probability, split.test.labels, split.test.subject)
    return metrics | {
        "model": card.network,
        "preset": card.preset,
        "seed": card.seed,
        "dataset": windows.dataset,
        "protocol": split.protocol,
    }
