"""An LSTM layer as one operation on the CPU, for float32.

`fused_lstm.c` computes whole sequences, forward and backward; it is compiled when Harken is
installed where there is a C compiler (`hatch_build.py`). This module loads what suits the processor
and makes it differentiable. Where there is none, `is_fused` is always false and PyTorch computes.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_GATES = 4
#: Vectors in a group of columns of the backward weights.
_GROUP = 4
_FOLDER = Path(__file__).parent


def kernel_name() -> str | None:
    """The instructions that the kernel for this processor uses; None where there is none."""
    capability = torch.backends.cpu.get_cpu_capability()
    return capability if _kernel(capability) else None


def is_fused(x: Tensor) -> bool:
    """Whether `fused_lstm` can compute with inputs like these, on this processor."""
    return (
        x.dtype == torch.float32
        and x.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and kernel_name() is not None
    )


@cache
def _kernel(capability: str) -> ctypes.CDLL | None:
    """What was compiled for a processor of which PyTorch says "AVX2" or "AVX512", if it was."""
    path = _FOLDER / f"fused_lstm_{capability.lower()}.so"
    if not path.exists():
        return None
    library = ctypes.CDLL(str(path))
    long, pointer = ctypes.c_long, ctypes.c_void_p
    library.lstm_forward.argtypes = [long] * 4 + [ctypes.c_int] * 2 + [pointer] * 8
    library.lstm_backward.argtypes = [long] * 4 + [ctypes.c_int] + [pointer] * 14
    library.lstm_forward.restype = library.lstm_backward.restype = None
    return library


def fused_lstm(
    x: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    bias: Tensor,
    state: tuple[Tensor, Tensor],
    *,
    reverse: bool = False,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """What `torch.nn.LSTM` of one layer and direction gives, to rounding.

    Parameters
    ----------
    x : float32, shape (n_steps, n_windows, n_features)
    w_ih, w_hh : float32, shapes (4 * hidden, n_features) and (4 * hidden, hidden), gates in
        PyTorch's order
    bias : float32, shape (4 * hidden,), the sum of PyTorch's two
    state : output and cell before the first step, float32, shape (n_windows, hidden) each
    reverse : go from the last step to the first

    Returns
    -------
    outputs : float32, shape (n_steps, n_windows, hidden)
    state : output and cell after all steps

    Raises
    ------
    ValueError
        Shapes do not fit each other, or something is not float32.
    """
    hidden, n_windows = w_hh.shape[1], x.shape[1]
    for name, tensor, shape in (
        ("x", x, (len(x), n_windows, w_ih.shape[1])),
        ("w_ih", w_ih, (_GATES * hidden, w_ih.shape[1])),
        ("w_hh", w_hh, (_GATES * hidden, hidden)),
        ("bias", bias, (_GATES * hidden,)),
        ("the output before", state[0], (n_windows, hidden)),
        ("the cell before", state[1], (n_windows, hidden)),
    ):
        if tensor.shape != shape or tensor.dtype != torch.float32:
            raise ValueError(
                f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)}, not float32 of {shape}"
            )
    inputs = (x, w_ih, w_hh, bias, *state)
    is_learning = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs)
    outputs, cell = _FusedLstm.apply(*inputs, reverse, is_learning)  # type: ignore[no-untyped-call]
    return outputs, (outputs[0 if reverse else -1], cell)


class _FusedLstm(torch.autograd.Function):
    """Outputs and last cell, and the gradients of all that they come from."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        w_ih: Tensor,
        w_hh: Tensor,
        bias: Tensor,
        h_0: Tensor,
        c_0: Tensor,
        reverse: bool,
        is_learning: bool,
    ) -> tuple[Tensor, Tensor]:
        library = _kernel_here()
        lanes = library.lstm_lanes()
        hidden = w_hh.shape[1]
        x, h_0, c_0 = (_padded(z, lanes) for z in (x, h_0, c_0))
        (n_steps, n_windows, n_features), n_units = x.shape, h_0.shape[1]
        weights = _joined(w_ih, w_hh, n_features, n_units)
        h, c = x.new_empty(2, n_steps, n_windows, n_units)
        gates = x.new_empty(n_steps if is_learning else 1, n_windows, _GATES, n_units)
        arrays = (
            _by_unit(weights, lanes), _by_unit(_rows(bias[:, None], n_units), lanes), x, h_0, c_0,
            h, c, gates,
        )  # fmt: skip
        library.lstm_forward(
            n_steps, n_windows, n_features, n_units, reverse, is_learning, *_addresses(arrays)
        )
        if is_learning:
            ctx.save_for_backward(x, w_ih, w_hh, h_0, c_0, h, c, gates)
            ctx.reverse = reverse
        return h[..., :hidden], c[0 if reverse else -1, :, :hidden]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        library = _kernel_here()
        lanes = library.lstm_lanes()
        x, w_ih, w_hh, h_0, c_0, h, c, gates = ctx.saved_tensors
        hidden, n_inputs = w_hh.shape[1], w_ih.shape[1]
        (n_steps, n_windows, n_features), n_units = x.shape, h_0.shape[1]
        d_h, d_c = (_padded(gradient, lanes) for gradient in gradients)
        # The kernel works on it.
        d_c = d_c.clone()
        weights = _joined(w_ih, w_hh, n_features, n_units)
        d_gates = torch.empty_like(gates[0])
        d_h_0, d_x = torch.zeros_like(h_0), torch.empty_like(x)
        d_w = x.new_zeros(n_features + n_units, _GATES, n_units)
        d_bias = x.new_zeros(_GATES, n_units)
        arrays = (
            _by_column(weights, lanes), x, h_0, c_0, h, c, gates, d_h, d_gates, d_h_0, d_c, d_x,
            d_w, d_bias,
        )  # fmt: skip
        library.lstm_backward(
            n_steps, n_windows, n_features, n_units, ctx.reverse, *_addresses(arrays)
        )
        d_w = d_w[..., :hidden]
        return (
            d_x[..., :n_inputs],
            d_w[:n_inputs].flatten(1).T,
            d_w[n_features : n_features + hidden].flatten(1).T,
            d_bias[:, :hidden].flatten(),
            d_h_0[:, :hidden],
            d_c[:, :hidden],
            None,
            None,
        )


def _kernel_here() -> ctypes.CDLL:
    library = _kernel(torch.backends.cpu.get_cpu_capability())
    if library is None:
        raise RuntimeError("There is no kernel for this processor: ask is_fused() first.")
    return library


def _addresses(tensors: tuple[Tensor, ...]) -> list[int]:
    """Of their first elements. Whoever asks holds the tensors while the kernel works."""
    assert all(tensor.is_contiguous() for tensor in tensors)
    return [tensor.data_ptr() for tensor in tensors]


def _padded(z: Tensor, lanes: int) -> Tensor:
    """Contiguous, with zeros behind each row up to a whole number of vectors."""
    over = -z.shape[-1] % lanes
    return (nn.functional.pad(z, (0, over)) if over else z).contiguous()


def _rows(weights: Tensor, n_units: int) -> Tensor:
    """Weights of the gates (4 * hidden, n) as (4, n_units, n), with zeros for units added."""
    by_gate = weights.reshape(_GATES, -1, weights.shape[1])
    return nn.functional.pad(by_gate, (0, 0, 0, n_units - by_gate.shape[1]))


def _joined(w_ih: Tensor, w_hh: Tensor, n_features: int, n_units: int) -> Tensor:
    """All weights, shape (4, n_units, n_features + n_units); zeros for what was added."""
    w_ih = nn.functional.pad(w_ih, (0, n_features - w_ih.shape[1]))
    w_hh = nn.functional.pad(w_hh, (0, n_units - w_hh.shape[1]))
    return _rows(torch.cat([w_ih, w_hh], dim=1), n_units)


def _by_unit(weights: Tensor, lanes: int) -> Tensor:
    """(4, n_units, n) as the forward kernel reads it: (n_units / lanes, n, 4, lanes)."""
    n_units, n = weights.shape[1:]
    by_vector = weights.reshape(_GATES, n_units // lanes, lanes, n)
    return by_vector.permute(1, 3, 0, 2).contiguous()


def _by_column(weights: Tensor, lanes: int) -> Tensor:
    """(4, n_units, n) as the backward kernel reads it: four vectors of columns after another."""
    groups = torch.split(weights.flatten(0, 1), _GROUP * lanes, dim=1)
    return torch.cat([group.flatten() for group in groups])
