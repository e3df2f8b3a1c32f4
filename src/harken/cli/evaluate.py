"""harken evaluate: judge a model file on a dataset's test subjects."""

from __future__ import annotations

from typing import Annotated

import typer

from harken.cli.output import DataOption, JsonOption, example, print_json
from harken.cli.results import print_results

EXAMPLE = example("harken evaluate runs/uci-har-stacked-lstm-seed0/model.onnx uci-har")


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file, or one that ships.")],
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="One of `harken data list`.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a model file on the test subjects of a dataset."""
    from harken import datasets
    from harken.inference.predictor import Predictor
    from harken.training.official import evaluate_official

    windows = datasets.load(dataset, data=data, progress=not as_json)
    metrics = evaluate_official(Predictor(model), windows)
    if as_json:
        print_json(metrics)
        return
    print_results(metrics)
