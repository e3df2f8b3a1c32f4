"""harken models: networks and presets."""

from __future__ import annotations

from harken.cli.output import JsonOption, example, print_json, print_table

EXAMPLE = example("harken models")


def models(as_json: JsonOption = False) -> None:
    """The networks and presets that `harken train` knows."""
    from harken.models import MODELS
    from harken.training.recipe import PRESETS

    networks = [{"name": m.name, "description": m.description} for m in MODELS.values()]
    presets = [
        {"name": p.name, "model": p.recipe.model, "description": p.description}
        for p in PRESETS.values()
    ]
    if as_json:
        print_json({"models": networks, "presets": presets})
        return
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
