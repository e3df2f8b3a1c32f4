"""What stands between the channels of a contract and a network's body; part of its ONNX file.

Some channels are shown to the body in other ways too, beside all of them as they are; then each is
normalised by the training windows' statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from harken.networks.graph import Graph

#: What `Normalise` may divide by.
Scale = Literal["deviation", "quartiles"]
#: Distance of a normal distribution's quartiles, in standard deviations.
_NORMAL_QUARTILES = 1.349


class Normalise(nn.Module):
    """(x - centre) / scale per channel, by training statistics; the identity until fitted."""

    centre: Tensor
    scale: Tensor

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(n_channels))
        self.register_buffer("scale", torch.ones(n_channels))

    def fit(self, x: Tensor, by: Scale) -> None:
        """Take the statistics of (n_windows, n_steps, n_channels).

        "deviation": mean and standard deviation. "quartiles": median, and the distance of the
        quartiles as a standard deviation; strong movement does not widen it, so that the tremors in
        which sitting and standing differ, of about 0.01 g, are not flattened beside walking.
        """
        values = x.flatten(0, 1)
        if by == "deviation":
            centre, scale = values.mean(dim=0), values.std(dim=0)
        else:
            # One channel at a time: torch.quantile takes no more than 16 million values.
            q = torch.tensor([0.25, 0.5, 0.75], dtype=x.dtype)
            lower, centre, upper = torch.stack(
                [torch.quantile(channel, q) for channel in values.unbind(1)], dim=1
            )
            scale = (upper - lower) / _NORMAL_QUARTILES
        self.centre.copy_(centre)
        self.scale.copy_(scale.clamp_min(1e-6))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.centre) / self.scale

    def add_to(self, graph: Graph, x: str, *, channels_first: bool) -> str:
        centre, scale = self.centre, self.scale
        if channels_first:
            centre, scale = centre[:, None], scale[:, None]
        centred = graph.node("Sub", [x, graph.constant("transform.centre", centre)])
        return graph.node("Div", [centred, graph.constant("transform.scale", scale)])


class Compand(nn.Module):
    """asinh(gain * x) of some channels: strong signals are pressed together.

    Sitting and standing differ in tremors of about 0.01 g, which any linear scale that fits walking
    flattens. Companded, both have their place.

    Parameters
    ----------
    columns : of the channels that are companded
    """

    #: In 1/g and s/rad: where the curve bends, at 0.02 g and 0.02 rad/s.
    GAIN = 50.0

    def __init__(self, columns: Sequence[int]) -> None:
        super().__init__()
        self._columns = list(columns)

    def forward(self, x: Tensor) -> Tensor:
        """(..., n_channels) to (..., n_columns)."""
        return torch.asinh(self.GAIN * x[..., self._columns])

    def add_to(self, graph: Graph, maps: str) -> str:
        columns = graph.constant("transform.companded", torch.tensor(self._columns))
        gain = graph.constant("transform.gain", torch.tensor(self.GAIN))
        small = graph.node("Mul", [graph.node("Gather", [maps, columns], axis=1), gain])
        return graph.node("Asinh", [small])


class Standardise(nn.Module):
    """Some channels of each window by themselves: less their mean, over their deviation.

    What is left is the form of a movement without its size, which differs between people who walk
    fast and slow, or whose devices hang loose.

    Parameters
    ----------
    columns : of the channels that are standardised
    """

    #: In g and rad/s, added to the deviation: what lies still stays small.
    FLOOR = 1e-3

    def __init__(self, columns: Sequence[int]) -> None:
        super().__init__()
        self._columns = list(columns)

    def forward(self, x: Tensor) -> Tensor:
        """(n_windows, n_steps, n_channels) to (n_windows, n_steps, n_columns)."""
        channels = x[..., self._columns]
        centred = channels - channels.mean(dim=1, keepdim=True)
        deviation = (centred * centred).mean(dim=1, keepdim=True).sqrt()
        return centred / (deviation + self.FLOOR)

    def add_to(self, graph: Graph, maps: str) -> str:
        columns = graph.constant("transform.standardised", torch.tensor(self._columns))
        floor = graph.constant("transform.floor", torch.tensor(self.FLOOR))
        channels = graph.node("Gather", [maps, columns], axis=1)
        centred = graph.node("Sub", [channels, graph.node("ReduceMean", [channels], axes=[2])])
        square = graph.node("Mul", [centred, centred])
        deviation = graph.node("Sqrt", [graph.node("ReduceMean", [square], axes=[2])])
        return graph.node("Div", [centred, graph.node("Add", [deviation, floor])])


class InputTransform(nn.Module):
    """Channels as they are and in other ways, normalised.

    Parameters
    ----------
    n_channels : of the input
    companded, standardised : columns of the channels that are also shown in these ways
    """

    def __init__(
        self, n_channels: int, companded: Sequence[int] = (), standardised: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self.views = nn.ModuleList()
        if companded:
            self.views.append(Compand(companded))
        if standardised:
            self.views.append(Standardise(standardised))
        self.n_channels = n_channels + len(companded) + len(standardised)
        self.normalise = Normalise(self.n_channels)

    def fit(self, x: Tensor, by: Scale) -> None:
        """Take the statistics of (n_windows, n_steps, n_channels), see `Normalise`."""
        self.normalise.fit(self._all_views(x), by)

    def forward(self, x: Tensor) -> Tensor:
        z: Tensor = self.normalise(self._all_views(x))
        return z

    def _all_views(self, x: Tensor) -> Tensor:
        return torch.cat([x, *(view(x) for view in self.views)], dim=-1) if self.views else x

    def add_to(self, graph: Graph, x: str) -> str:
        if not self.views:
            return self.normalise.add_to(graph, x, channels_first=False)
        # A channel at a time: to pick among values that lie side by side takes longer than the
        # curve that they are put through.
        maps = graph.transpose(x, 0, 2, 1)
        parts = [maps]
        for view in self.views:
            assert isinstance(view, Compand | Standardise)
            parts.append(view.add_to(graph, maps))
        maps = graph.node("Concat", parts, axis=1)
        maps = self.normalise.add_to(graph, maps, channels_first=True)
        return graph.transpose(maps, 0, 2, 1)
