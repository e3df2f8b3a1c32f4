"""harken models: networks and presets, and what a model file says of itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harken.cli.output import JsonOption, console, example, print_json, print_table
from harken.core.labels import activity_name
from harken.model import pretrained

if TYPE_CHECKING:
    from harken.model.card import Card

EXAMPLE = example("harken models", "harken models pretrained")

#: Figures of a card that are shown, with how.
_FIGURES = {
    "accuracy": "{:.2%}",
    "balanced_accuracy": "{:.2%}",
    "macro_f1": "{:.4f}",
    "ece": "{:.3f}",
    "n_windows": "{:,}",
    "n_parameters": "{:,}",
    "train_seconds": "{:,.0f}",
    "epochs": "{:g}",
}


def models(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="A model file (RUN/model.onnx), or one that ships."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """The models that ship, the networks and presets to train; or what one model file is."""
    if file is None:
        _list(as_json=as_json)
        return
    from harken.model import file as model_file

    _, card = model_file.load(pretrained.find(file))
    if as_json:
        print_json({"source": file, **card.as_dict()})
    else:
        _print_card(file, card)


def _list(*, as_json: bool) -> None:
    from harken.networks import MODELS
    from harken.training.presets import PRESETS

    networks = [{"name": m.name, "description": m.description} for m in MODELS.values()]
    presets = [
        {"name": p.name, "model": p.recipe.model, "description": p.description}
        for p in PRESETS.values()
    ]
    if as_json:
        shipped = [{"name": n, "description": d} for n, d in pretrained.SHIPPED.items()]
        print_json({"shipped": shipped, "models": networks, "presets": presets})
        return
    print_table(
        "Models that ship (predict --model)",
        ["name", "what it is for"],
        [list(item) for item in pretrained.SHIPPED.items()],
    )
    print_table(
        "Networks (--model)",
        ["name", "what it is"],
        [[n["name"], n["description"]] for n in networks],
    )
    print_table(
        "Presets (--preset)",
        ["name", "network", "what it is"],
        [[p["name"], p["model"], p["description"]] for p in presets],
    )


def _print_card(source: str, card: Card) -> None:
    contract = card.contract
    simulated = " (simulated people)" if card.dataset == "simulated" else ""
    sections = {
        source: {
            "network": card.network,
            "preset": card.preset,
            "learnt from": f"{card.dataset}{simulated}",
            "seed": str(card.seed),
            "made with": ", ".join(f"{name} {number}" for name, number in card.versions.items()),
        },
        "What it tells": {"labels": ", ".join(map(activity_name, contract.labels))},
        "What it requires": {
            "channels": ", ".join(contract.channels),
            "units": ", ".join(f"{kind} in {unit}" for kind, unit in contract.units.items()),
            "window": f"{contract.n_steps} steps ({contract.spec.window_s:g} s), every "
            f"{contract.stride_steps}, at {contract.rate_hz:g} Hz",
            "filters": f"{contract.filter_chain}, {contract.warm_up_s:g} s to settle",
            "placement": contract.placement,
            "mounting": ", ".join(f"{k} {v}" for k, v in contract.mounting.items()) or "not said",
            "stream": _stream(card),
        },
        **_personal(card),
        f"Figures on {_judged_on(card)}, {card.protocol} protocol": _figures(card.figures),
        "How its answers are smoothed": _smoothing(card),
        "When it is not sure of a window": _abstention(card),
    }
    for title, facts in sections.items():
        console().print(title, style="bold", markup=False, soft_wrap=True)
        for name, value in facts.items():
            text = f"  {name.replace('_', ' ')}: {value}"
            console().print(text, markup=False, soft_wrap=True)
    console().print("Data, to be acknowledged", style="bold")
    console().print(f"  {card.credits}", markup=False, soft_wrap=True)


def _judged_on(card: Card) -> str:
    return "the test people" if card.personal is None else "the person's held-out time"


def _personal(card: Card) -> dict[str, dict[str, str]]:
    """How it was fitted to one person, if it was."""
    personal = card.personal
    if personal is None:
        return {}
    before, after = personal.before, personal.after
    facts = {
        "labelled": ", ".join(
            f"{activity_name(label)} {minutes:.1f} min"
            for label, minutes in personal.minutes.items()
        ),
        "fitted from": f"the model with SHA-256 {personal.from_sha256}",
        "held-out accuracy": f"{before.accuracy:.2%} before, {after.accuracy:.2%} after",
        "held-out log loss": f"{before.log_loss:.3f} before, {after.log_loss:.3f} after",
    }
    if personal.forced:
        facts["forced"] = "it did no better than the model that it was fitted from"
    return {"Fitted to one person": facts}


def _stream(card: Card) -> str:
    if card.stream is None:
        return "whole windows, again at each hop"
    n_kept = sum(math.prod(shape) for shape in card.stream.shapes.values())
    return f"goes on by any multiple of {card.stream.stride_steps} steps, keeps {n_kept} numbers"


def _figures(figures: Any) -> dict[str, str]:
    return {
        name: form.format(figures[name])
        for name, form in _FIGURES.items()
        if isinstance(figures.get(name), int | float)
    }


def _smoothing(card: Card) -> dict[str, str]:
    """How long each activity lasts in the mean, of what is known."""
    if card.smoothing is None:
        return {"default": "it does not say how long activities last"}
    stride_s = card.contract.spec.stride_s
    return {
        activity_name(label): f"{stride_s / (1 - stay):.0f} s in the mean"
        for label, stay in zip(card.contract.labels, card.smoothing.stay, strict=True)
    }


def _abstention(card: Card) -> dict[str, str]:
    """The thresholds, in words."""
    found = card.abstention
    if found is None:
        return {"never": "it does not say when it is not sure"}
    told = {
        "probability": f"of its answer below {found.confidence:.0%}",
        "embedding": f"further than {found.distance:.3g} (Mahalanobis) from those of each activity",
    }
    if found.signals is not None:
        low, high = found.signals.gravity
        told["signals"] = (
            f"less usual than a log density of {found.density:.3g}, or gravity not within "
            f"{low:.2f} to {high:.2f} g"
        )
    return told
