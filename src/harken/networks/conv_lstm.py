"""The flagship's causal sibling, for streams: it never looks ahead and can go on from a state.

Two strided convolutions that look back only, an LSTM, and attention over its states in which
older ones fade. What is kept of a stream from one chunk to the next:

==============  =======================  ========================================================
name            shape for one stream     meaning
==============  =======================  ========================================================
``context_0``   (n_channels, 3)          the last steps that went into the first convolution
``context_1``   (width, 3)               the last steps that went into the second
``hidden``      (hidden,)                the LSTM's output at its last step
``cell``        (hidden,)                its memory
``pooled``      (hidden,)                the mean of its outputs, weighted by attention and age
``log_weight``  (1,)                     logarithm of the sum of these weights
==============  =======================  ========================================================

All are zeros at the start of a stream, and a window is judged as a stream that starts with it. The
pool's own zeros weigh as much as one state of score 0 would, and fade like all others.

The running softmax is that of Milakov and Gimelshein, "Online normalizer calculation for softmax"
(2018); weights that fade with age by a constant factor are as in RWKV (Peng et al. 2023).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from harken.networks.dropout import Dropout
from harken.networks.graph import Graph
from harken.networks.lstm import make_lstm
from harken.networks.network import Shape, StreamingBody, require_steps

#: Steps that a filter spans, and steps that it moves on by.
KERNEL, STRIDE = 5, 2
#: Steps that a convolution keeps: with them its last filter ends on the newest step.
CONTEXT = KERNEL - STRIDE
N_CONVOLUTIONS = 2


class ConvLstm(StreamingBody):
    """Causal convolutions, LSTM, fading attention over time.

    Parameters
    ----------
    shape : input and output
    width : filters of each convolution
    hidden : units of the LSTM
    half_life : samples after which a state weighs half in the pool; a stream is thereby judged by
        its last few seconds, however long it is
    dropout : share of features that is dropped before the LSTM and before the last layer

    Raises
    ------
    InputError
        The windows are shorter than one stride.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        width: int = 64,
        hidden: int = 96,
        half_life: float = 64.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(shape, STRIDE**N_CONVOLUTIONS)
        require_steps(
            "conv-lstm",
            shape,
            self.stride,
            f"{N_CONVOLUTIONS} convolutions, each of which halves the steps",
        )
        self.n_features = hidden
        widths = [shape.n_channels, *[width] * N_CONVOLUTIONS]
        self.state_shapes = {
            **{f"context_{i}": (widths[i], CONTEXT) for i in range(N_CONVOLUTIONS)},
            "hidden": (hidden,),
            "cell": (hidden,),
            "pooled": (hidden,),
            "log_weight": (1,),
        }
        self.front = nn.ModuleList(
            nn.Conv1d(n_in, n_out, KERNEL, stride=STRIDE) for n_in, n_out in pairwise(widths)
        )
        self.lstm = make_lstm(width, hidden)
        self.attention = nn.Linear(hidden, 1, bias=False)
        self.dropout = Dropout(dropout)
        #: What a state's log weight loses in each step of the LSTM.
        self._fading = math.log(2) * self.stride / half_life

    def step(
        self, x: Tensor, state: dict[str, Tensor], every: int | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        after = {}
        maps = x.transpose(1, 2)
        for number, convolution in enumerate(self.front):
            maps = torch.cat([state[f"context_{number}"], maps], dim=2)
            after[f"context_{number}"] = maps[:, :, -CONTEXT:]
            maps = torch.relu(convolution(maps))
        steps = self.dropout(maps.permute(2, 0, 1))
        states, (hidden, cell) = self.lstm(steps, (state["hidden"][None], state["cell"][None]))
        after |= {"hidden": hidden[0], "cell": cell[0]}
        every = x.shape[1] if every is None else every
        pooled, log_weight = self._pool(
            states, state["pooled"], state["log_weight"], every // self.stride
        )
        after |= {"pooled": pooled[:, -1], "log_weight": log_weight[:, -1]}
        return self.dropout(pooled), after

    def _pool(
        self, states: Tensor, pooled: Tensor, log_weight: Tensor, every: int
    ) -> tuple[Tensor, Tensor]:
        """The pool after each `every` of some states (n_steps, n_streams, hidden).

        Returns values (n_streams, n_steps / every, hidden), and the logarithms of their weights.
        """
        scores = torch.cat([log_weight[None], self.attention(states)]).permute(1, 2, 0)
        place = torch.arange(len(states) + 1, device=states.device)
        age = place[every::every, None] - place
        scores = (scores - self._fading * age).masked_fill(age < 0, -torch.inf)
        values = torch.cat([pooled[None], states]).transpose(0, 1)
        weight = torch.softmax(scores, dim=2)
        return torch.bmm(weight, values.to(weight.dtype)), scores.logsumexp(2, keepdim=True)

    def add_step_to(
        self, graph: Graph, x: str, state: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        after = {}
        maps = graph.transpose(x, 0, 2, 1)
        for number, convolution in enumerate(self.front):
            name = f"context_{number}"
            maps = graph.node("Concat", [state[name], maps], axis=2)
            after[name] = graph.slice(f"body.{name}", maps, axis=2, start=-CONTEXT)
            layer = cast(nn.Conv1d, convolution)
            maps = graph.node("Relu", [graph.conv(f"body.front.{number}", layer, maps)])
        steps = graph.transpose(maps, 2, 0, 1)
        states, after["hidden"], after["cell"] = graph.lstm_from(
            "body.lstm", self.lstm, steps, state["hidden"], state["cell"]
        )
        after |= self._add_pool_to(graph, states, state["pooled"], state["log_weight"])
        return after["pooled"], after

    def _add_pool_to(
        self, graph: Graph, states: str, pooled: str, log_weight: str
    ) -> dict[str, str]:
        time = graph.constant("body.time_axis", torch.tensor([0]))
        query = graph.constant("body.attention.weight", self.attention.weight.T)
        scores = graph.node(
            "Concat",
            [graph.node("Unsqueeze", [log_weight, time]), graph.node("MatMul", [states, query])],
            axis=0,
        )
        # What every score has lost by its age: the fading, summed from its step to the end.
        fading = graph.constant("body.fading", torch.tensor([self._fading]))
        each = graph.node("Expand", [fading, graph.node("Shape", [scores])])
        axis = graph.constant("body.age_axis", torch.tensor(0))
        loss = graph.node("CumSum", [each, axis], exclusive=1, reverse=1)
        scores = graph.node("Sub", [scores, loss])
        values = graph.node("Concat", [graph.node("Unsqueeze", [pooled, time]), states], axis=0)
        weighted = graph.node("Mul", [graph.node("Softmax", [scores], axis=0), values])
        return {
            "pooled": graph.node("ReduceSum", [weighted, time], keepdims=0),
            "log_weight": graph.node("ReduceLogSumExp", [scores], axes=[0], keepdims=0),
        }
