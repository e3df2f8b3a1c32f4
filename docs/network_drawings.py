"""Draw each network from what it is: docs/figures/networks, and the table of docs/networks.md.

    python -m docs.network_drawings

A network is built as its preset says, sees one window, and is watched: which modules it goes
through in which order, with which sizes, and what it computes between them. So no drawing can tell
of a layer that is not there. What is drawn is kept in the picture as text, which a test compares.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.pages import write_section
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from harken.networks import MODELS
from harken.networks.dropout import Dropout
from harken.networks.network import Network
from harken.reporting.plots import GREEN, ORANGE, SKY, YELLOW, new_figure
from harken.signal.windows import bare_windows
from harken.training.presets import PRESETS
from harken.training.recipe import Recipe
from harken.training.train import new_network

PAGE = Path(__file__).with_name("networks.md")
PICTURES = Path(__file__).with_name("figures") / "networks"
#: What is told of what a network computes between its modules; the rest only moves numbers.
_SAID = {
    "relu": "ReLU", "elu": "ELU", "sigmoid": "sigmoid", "tanh": "tanh", "softmax": "softmax",
    "add": "add", "__add__": "add", "mul": "multiply", "__mul__": "multiply", "bmm": "multiply",
    "sum": "sum", "cat": "join", "stack": "stack", "flip": "turn round", "chunk": "split",
    "split": "split", "logsumexp": "logsumexp", "__rmul__": "multiply",
}  # fmt: skip
_COLOURS = {"Conv1d": SKY, "LSTM": ORANGE, "Linear": GREEN, "LayerNorm": YELLOW}


@dataclass
class Part:
    """A module that was gone through, with the parts inside of it.

    Attributes
    ----------
    name, kind : where it stands in the network, and its class
    detail : its sizes
    output : of what size its result is, for one window
    n_parameters : parameters
    inside : the parts below it, in the order of use
    then : what was computed after it, before the next part
    times : how many such parts follow one another
    again : whether it was gone through more than once, as by a loop over time
    beside : whether it reads nothing of the part before it, but stands beside that
    """

    name: str
    kind: str
    detail: str
    n_parameters: int
    output: str = ""
    inside: list[Part] = field(default_factory=list)
    then: list[str] = field(default_factory=list)
    times: int = 1
    again: bool = False
    beside: bool = False

    def same(self) -> tuple[Any, ...]:
        """What two parts have in common that are drawn as one."""
        below = tuple(part.same() for part in self.inside)
        own = self.kind, self.detail, self.n_parameters, self.output, self.beside
        return *own, below, tuple(self.then)


class _Watch(TorchFunctionMode):
    """Notes the modules that a network goes through, and what is computed between them."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.top = Part("", type(network).__name__, "", network.n_parameters)
        self._open = [self.top]
        self._seen: dict[str, Part] = {}
        self._results: dict[str, Tensor] = {}
        self._deaf = 0  # inside of a module that is drawn as one box, or in a second round
        self._hooks = []
        for name, module in network.named_modules():
            if name and not isinstance(module, nn.ModuleList | Dropout):
                self._hooks += [
                    module.register_forward_pre_hook(self._enter(name)),
                    module.register_forward_hook(self._leave(name)),
                ]

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        said = _said_of(getattr(func, "__name__", ""), args)
        around = self._open[-1]
        done = around.inside
        # Before its first part, a module only makes its input ready; in a second round of a loop
        # it does what it did in the first.
        hears = not self._deaf and done and not any(part.again for part in done)
        if said and hears and said not in done[-1].then:
            done[-1].then.append(said)
        return func(*args, **(kwargs or {}))

    def _enter(self, name: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            if name in self._seen:
                self._seen[name].again = True
                self._open.append(self._seen[name])
                self._deaf += 1
                return
            trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
            part = Part(name, type(module).__name__.lstrip("_"), _detail(module), trained)
            self._seen[name] = part
            before = self._open[-1].inside
            part.beside = bool(before) and not _reads(inputs[0], self._results[before[-1].name])
            before.append(part)
            self._open.append(part)
            self._deaf += _is_box(module)

        return hook

    def _leave(self, name: str) -> Any:
        def hook(module: nn.Module, _: Any, output: Any) -> None:
            part = self._open.pop()
            self._deaf -= 1 if part.again else _is_box(module)
            result = output[0] if isinstance(output, tuple) else output
            part.output = _size(part.kind, result)
            self._results.setdefault(name, result)

        return hook

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        for hook in self._hooks:
            hook.remove()


def _reads(tensor: Tensor, other: Tensor) -> bool:
    """Whether a tensor was computed from another, by what is kept for the gradient."""
    to_see, seen = [tensor.grad_fn], set()
    while to_see:
        node = to_see.pop()
        if node is other.grad_fn:
            return True
        if node is not None and node not in seen:
            seen.add(node)
            to_see += [before for before, _ in node.next_functions]
    return False


def _said_of(name: str, arguments: Any) -> str | None:
    """What is told of a computation; None of those that only move numbers."""
    if name == "__getitem__":
        if arguments[0].shape[0] == 1:
            return None  # an axis of one is dropped
        index = arguments[1][0] if isinstance(arguments[1], tuple) else arguments[1]
        return {-1: "last step", 0: "first step"}.get(index) if isinstance(index, int) else None
    return _SAID.get(name)


def _is_box(module: nn.Module) -> bool:
    """Whether it is drawn as one box: there is no module in it."""
    return not any(True for _ in module.children())


def _detail(module: nn.Module) -> str:
    if isinstance(module, nn.Conv1d):
        told = f"{module.in_channels} to {module.out_channels}, {module.kernel_size[0]} steps each"
        return told + (f", every {module.stride[0]}" if module.stride[0] > 1 else "")
    if isinstance(module, nn.LSTM):
        both = ", forward and backward" if module.bidirectional else ""
        return f"{module.input_size} to {module.hidden_size} units{both}"
    if isinstance(module, nn.Linear):
        return f"{module.in_features} to {module.out_features}"
    return ""


def _size(kind: str, output: Tensor) -> str:
    """The size of a result, by window."""
    sizes = list(output.shape)
    if kind == "Conv1d":  # (signals, features, steps)
        sizes = [sizes[0], sizes[2], sizes[1]]
    return " × ".join(str(size) for size in sizes if size > 1) or "1"


def outline(name: str) -> Part:
    """The parts of a network as its preset builds it, for the windows of UCI HAR."""
    windows = bare_windows(np.random.default_rng(0).normal(size=(1, 128, 9)).astype(np.float32))
    recipe = PRESETS[name].recipe if name in PRESETS else Recipe(name)
    network = new_network(windows, recipe, seed=0).eval()
    with _Watch(network) as watch:
        network(torch.from_numpy(windows.x).requires_grad_())
    return _joined(watch.top)


def _joined(part: Part) -> Part:
    """The part with neighbours that are alike drawn as one."""
    kept: list[Part] = []
    for below in map(_joined, part.inside):
        if kept and below.inside and kept[-1].same() == below.same():
            kept[-1].times += 1
        else:
            kept.append(below)
    part.inside = kept
    return part


def text_of(part: Part, depth: int = 0) -> str:
    """All that is drawn of a part, as text."""
    own = f"{_title(part)} | {part.detail} | {part.output} | {part.n_parameters}"
    own = "  " * depth + ("beside it: " if part.beside else "") + own
    then = [f"{'  ' * depth}-> {', '.join(part.then)}"] if part.then else []
    return "\n".join([own, *(text_of(below, depth + 1) for below in part.inside), *then])


def _title(part: Part) -> str:
    name = part.name.removeprefix("body.")
    times = f", {part.times} of them" if part.times > 1 else ""
    again = ", once a step" if part.again else ""
    return f"{name} ({part.kind}{again}){times}"


# Inches.
_WIDTH, _BOX, _GAP, _HEAD, _PAD = 7.6, 0.5, 0.3, 0.32, 0.12


def _height(part: Part) -> float:
    if not part.inside:
        return _BOX
    between = _GAP * (len(part.inside) - 1)
    # What is computed after the last part is written within the frame.
    foot = 0.22 if part.inside[-1].then else 0.0
    return _HEAD + sum(map(_height, part.inside)) + between + foot + 2 * _PAD


def picture_of(name: str) -> bytes:
    """The drawing of a network as PNG, with its outline as text in it."""
    top = outline(name)
    stack = [Part("window", "128 steps of 9 channels", "", 0, "128 × 9"), *top.inside]
    height = sum(map(_height, stack)) + _GAP * len(stack) + 1.0
    figure = new_figure(_WIDTH, height, simulated=False)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(0, height))
    axes.axis("off")
    axes.text(0.25, height - 0.35, name, fontsize=13, fontweight="bold", va="center")
    axes.text(
        _WIDTH - 0.25, height - 0.35, f"{top.n_parameters:,} parameters",
        fontsize=10, ha="right", va="center",
    )  # fmt: skip
    y = _draw_all(axes, stack, 0.25, _WIDTH - 0.25, height - 0.65)
    axes.text(
        _WIDTH / 2, y - 0.2, "softmax: the probability of each activity",
        fontsize=8.5, ha="center", va="center", color="#333333",
    )  # fmt: skip
    drawn, data = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    kept = PngInfo()
    kept.add_itxt("Description", text_of(top))
    # Few colours are enough, and a third of the bytes.
    picture = Image.open(drawn).convert("RGB").quantize(48)
    picture.save(data, format="png", optimize=True, pnginfo=kept)
    return data.getvalue()


def outline_in(picture: bytes) -> str:
    """The outline that a drawing was made from."""
    with Image.open(io.BytesIO(picture)) as image:
        image.load()
        return str(image.info["Description"])


def _draw_all(axes: Axes, parts: list[Part], left: float, right: float, y: float) -> float:
    """Draw parts one below another from the height `y` on; gives the lowest height."""
    x = (left + right) / 2 + 0.12
    for part, after in zip_longest(parts, parts[1:]):
        y = _draw(axes, part, left, right, y)
        words = ", ".join(part.then)
        if after is None:
            _say(axes, f"then {words}" if words else "", x, y - 0.11)
            break
        if after.beside:
            _say(axes, f"beside it: {words}" if words else "beside it", x, y - _GAP / 2)
        else:
            _arrow(axes, x - 0.12, y)
            _say(axes, f"then {words}" if words else "", x, y - _GAP / 2)
        y -= _GAP
    return y


def _say(axes: Axes, words: str, x: float, y: float) -> None:
    axes.text(x, y, words, fontsize=7.5, va="center", color="#333333")


def _draw(axes: Axes, part: Part, left: float, right: float, top: float) -> float:
    low = top - _height(part)
    colour = "#F4F4F4" if part.inside else _COLOURS.get(part.kind, "#FFFFFF")
    axes.add_patch(
        FancyBboxPatch(
            (left, low), right - left, top - low, boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=_light(colour), edgecolor="#777777", linewidth=0.8,
        )
    )  # fmt: skip
    numbers = f"{part.n_parameters:,} parameters" if part.n_parameters else ""
    if part.times > 1:
        numbers = f"{part.times} × {numbers}"
    if part.inside:
        axes.text(left + 0.1, top - 0.2, _title(part), fontsize=8.5, va="center")
        axes.text(right - 0.1, top - 0.2, numbers, fontsize=8, ha="right", va="center")
        _draw_all(axes, part.inside, left + 0.2, right - 0.2, top - _HEAD - _PAD)
        return low
    first, second = top - 0.16, low + 0.14
    if not part.detail:
        first = (top + low) / 2
    axes.text(left + 0.1, first, _title(part), fontsize=8.5, va="center", fontweight="bold")
    axes.text(left + 0.1, second, part.detail, fontsize=8, va="center")
    axes.text(right - 0.1, top - 0.16 if numbers else (top + low) / 2, part.output,
              fontsize=8.5, ha="right", va="center")  # fmt: skip
    axes.text(right - 0.1, second, numbers, fontsize=8, ha="right", va="center")
    return low


def _arrow(axes: Axes, x: float, y: float) -> None:
    axes.annotate(
        "",
        (x, y - _GAP + 0.02),
        (x, y - 0.02),
        arrowprops={"arrowstyle": "-|>", "color": "#555555"},
    )


def _light(colour: str) -> Any:
    """The colour mixed with white, so that black words on it are easily read."""
    from matplotlib.colors import to_rgb

    return tuple(1 - 0.45 * (1 - value) for value in to_rgb(colour))


def table() -> str:
    """The networks in a table of Markdown."""
    rows = ["| network | parameters | features | goes on from a state |", "|---|---|---|---|"]
    for name, model in MODELS.items():
        top = outline(name)
        features = top.inside[-1].detail.split(" to ")[0]
        rows.append(
            f"| [{name}](#{name}) | {top.n_parameters:,} | {features} | "
            f"{'yes' if model.streams else 'no'} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Draw all, and fill the table."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        file = PICTURES / f"{name}.png"
        if not file.exists() or outline_in(file.read_bytes()) != text_of(outline(name)):
            file.write_bytes(picture_of(name))
            print(f"Written: {file}")
    write_section("networks", table(), PAGE)


if __name__ == "__main__":
    main()
