"""The LSTM that the networks share."""

from __future__ import annotations

from torch import nn


def make_lstm(n_inputs: int, hidden: int, *, bidirectional: bool = False) -> nn.LSTM:
    """One layer, with one trained bias where torch has two: the second stays a constant.

    It is 1 on the forget gate, so that a fresh cell remembers (Jozefowicz et al. 2015), else 0.
    """
    lstm = nn.LSTM(n_inputs, hidden, bidirectional=bidirectional)
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
        if name.startswith("bias_hh"):
            parameter.requires_grad_(False)
            parameter[hidden : 2 * hidden].fill_(1.0)
    return lstm
