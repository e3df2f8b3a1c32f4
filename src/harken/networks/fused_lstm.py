"""An LSTM layer as one operation on the CPU, for float32.

`fused_lstm.c` computes whole sequences, forward and backward; it is compiled when Harken is
installed where there is a C compiler (`hatch_build.py`). This module loads what suits the processor
and makes it differentiable. Where there is none, `is_fused` is always false and PyTorch computes.
"""

from __future__ import annotations

import ctypes
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_GATES = 4
#: What is kept of each unit and step: its gates, and the tanh of its cell.
_KEPT = 5
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
    if not _is_of(library, _FOLDER / "fused_lstm.c"):
        return None
    long, pointer = ctypes.c_long, ctypes.c_void_p
    library.lstm_forward.argtypes = [long] * 6 + [ctypes.c_int] * 2 + [pointer] * 10
    library.lstm_backward.argtypes = [long] * 6 + [ctypes.c_int] + [pointer] * 15
    library.lstm_forward.restype = library.lstm_backward.restype = None
    return library


def _is_of(library: ctypes.CDLL, source: Path) -> bool:
    """Whether it was compiled from the source beside it: a checkout may have gone on without it."""
    try:
        library.lstm_source_sha256.restype = ctypes.c_char_p
        compiled_from = library.lstm_source_sha256().decode("ascii")
    except AttributeError:
        return False
    return not source.exists() or (hashlib.sha256(source.read_bytes()).hexdigest() == compiled_from)


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
    outputs, *after = _FusedLstm.apply(*inputs, reverse, is_learning)  # type: ignore[no-untyped-call]
    return outputs, tuple(after)


class _FusedLstm(torch.autograd.Function):
    """Outputs, the last of them and the last cell, and the gradients of all that they come from."""

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
    ) -> tuple[Tensor, Tensor, Tensor]:
        library = _kernel_here()
        lanes = library.lstm_lanes()
        hidden, n_inputs = w_hh.shape[1], w_ih.shape[1]
        x, h_0, c_0 = (_padded(z, lanes) for z in (x, h_0, c_0))
        w_ih, w_hh, bias = w_ih.contiguous(), w_hh.contiguous(), bias.contiguous()
        (n_steps, n_windows, n_features), n_units = x.shape, h_0.shape[1]
        room = x.new_empty(n_features + n_units + 1, _GATES, n_units)
        h, c = x.new_empty(2, n_steps, n_windows, n_units)
        kept = x.new_empty(n_steps if is_learning else 1, n_windows, _KEPT, n_units)
        library.lstm_forward(
            n_steps, n_windows, n_features, n_units, n_inputs, hidden, reverse, is_learning,
            *_addresses(w_ih, w_hh, bias, x, h_0, c_0, room, h, c, kept),
        )  # fmt: skip
        if is_learning:
            ctx.save_for_backward(w_ih, w_hh, x, h_0, c_0, h, c, kept)
            ctx.reverse = reverse
        last = 0 if reverse else -1
        return h[..., :hidden], h[last, :, :hidden], c[last, :, :hidden]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        library = _kernel_here()
        lanes = library.lstm_lanes()
        w_ih, w_hh, x, h_0, c_0, h, c, kept = ctx.saved_tensors
        hidden, n_inputs = w_hh.shape[1], w_ih.shape[1]
        (n_steps, n_windows, n_features), n_units = x.shape, h_0.shape[1]
        d_h, d_h_0, d_c = (_padded(gradient, lanes) for gradient in gradients)
        # The kernel works on both.
        d_h_0, d_c = d_h_0.clone(), d_c.clone()
        room = x.new_empty(n_features + n_units + n_windows, _GATES, n_units)
        d_x = torch.empty_like(x)
        d_w = x.new_zeros(n_features + n_units, _GATES, n_units)
        d_bias = x.new_zeros(_GATES, n_units)
        library.lstm_backward(
            n_steps, n_windows, n_features, n_units, n_inputs, hidden, ctx.reverse,
            *_addresses(
                w_ih, w_hh, x, h_0, c_0, h, c, kept, d_h, room, d_h_0, d_c, d_x, d_w, d_bias
            ),
        )  # fmt: skip
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


def _addresses(*tensors: Tensor) -> list[int]:
    """Of their first elements. Whoever asks holds the tensors while the kernel works."""
    assert all(tensor.is_contiguous() for tensor in tensors)
    return [tensor.data_ptr() for tensor in tensors]


def _padded(z: Tensor, lanes: int) -> Tensor:
    """Contiguous, with zeros behind each row up to a whole number of vectors."""
    over = -z.shape[-1] % lanes
    return (nn.functional.pad(z, (0, over)) if over else z).contiguous()
