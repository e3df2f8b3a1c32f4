"""The LSTM that the networks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harken.networks.fused_lstm import fused_lstm, is_fused

_State = tuple[Tensor, Tensor]


class LSTM(nn.LSTM):
    """`torch.nn.LSTM` of one layer, faster where `fused_lstm` takes its inputs.

    Weights, their names and what it returns are PyTorch's; the outputs are, to rounding.
    """

    def forward(  # type: ignore[override]
        self, x: Tensor, state: _State | None = None
    ) -> tuple[Tensor, _State]:
        """As PyTorch's, for batches.

        Parameters
        ----------
        x : float32, shape (n_steps, n_windows, n_features)
        state : output and cell before the first step, shape (n_directions, n_windows, hidden)
            each; by default zeros
        """
        if not is_fused(x):
            outputs: tuple[Tensor, _State] = super().forward(x, state)
            return outputs
        if state is None:
            zeros = x.new_zeros(1 + self.bidirectional, x.shape[1], self.hidden_size)
            state = zeros, zeros
        directions = [
            fused_lstm(x, *self._weights(direction), (state[0][number], state[1][number]),
                       reverse=bool(number))
            for number, direction in enumerate(["", "_reverse"][: 1 + self.bidirectional])
        ]  # fmt: skip
        hidden, cell = zip(*(after for _, after in directions), strict=True)
        states = [states for states, _ in directions]
        together = torch.cat(states, dim=2) if self.bidirectional else states[0]
        return together, (torch.stack(hidden), torch.stack(cell))

    def _weights(self, direction: str) -> tuple[Tensor, Tensor, Tensor]:
        """Of the inputs, of the outputs before, and the sum of both biases."""
        w_ih, w_hh, b_ih, b_hh = (
            getattr(self, f"{name}_l0{direction}")
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        return w_ih, w_hh, b_ih + b_hh


def make_lstm(n_inputs: int, hidden: int, *, bidirectional: bool = False) -> LSTM:
    """One layer, with one trained bias where torch has two: the second stays a constant.

    It is 1 on the forget gate, so that a fresh cell remembers (Jozefowicz et al. 2015), else 0.
    """
    lstm = LSTM(n_inputs, hidden, bidirectional=bidirectional)
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
        if name.startswith("bias_hh"):
            parameter.requires_grad_(False)
            parameter[hidden : 2 * hidden].fill_(1.0)
    return lstm
