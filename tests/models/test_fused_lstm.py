"""The LSTM that is one operation computes what PyTorch's computes."""

from __future__ import annotations

import os
import platform
import shutil
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from harken.networks import fused_lstm as module
from harken.networks.fused_lstm import fused_lstm, is_fused, kernel_name
from harken.networks.lstm import LSTM, make_lstm

IS_THERE = kernel_name() is not None
CAN_BE = platform.machine().lower() in ("x86_64", "amd64") and bool(
    shutil.which(os.environ.get("CC") or "cc")
)
needs_kernel = pytest.mark.skipif(
    not IS_THERE and not CAN_BE, reason="no C compiler was here when Harken was installed"
)


@pytest.fixture(
    params=[
        pytest.param("AVX2", marks=needs_kernel),
        pytest.param(
            "AVX512",
            marks=pytest.mark.skipif(
                torch.backends.cpu.get_cpu_capability() != "AVX512",
                reason="this processor has no such instructions",
            ),
        ),
    ]
)
def instructions(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Those of the kernel under test."""
    name: str = request.param
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: name)
    return name


def outputs_and_gradients(
    lstm: nn.LSTM, x: Tensor, state: tuple[Tensor, Tensor] | None, of: slice
) -> list[Tensor]:
    """All that comes out, and the gradients of all that goes in, of a sum with random weights.

    The sum is of some of outputs, last output and last cell.
    """
    y, (hidden, cell) = lstm(x, state)
    weigh = torch.Generator().manual_seed(1)
    some = (y, hidden, cell)[of]
    loss = sum((z * torch.randn(z.shape, generator=weigh)).sum() for z in some)
    assert isinstance(loss, Tensor)
    inputs = [x, *(state or ()), *(p for p in lstm.parameters() if p.requires_grad)]
    return [y, hidden, cell, *torch.autograd.grad(loss, inputs)]


def plain(lstm: LSTM) -> nn.LSTM:
    """PyTorch's own, in double precision, with the same weights."""
    own = nn.LSTM(lstm.input_size, lstm.hidden_size, bidirectional=lstm.bidirectional).double()
    own.load_state_dict(lstm.state_dict())
    for name, parameter in lstm.named_parameters():
        own.get_parameter(name).requires_grad_(parameter.requires_grad)
    return own


def compare(
    lstm: LSTM,
    x: Tensor,
    state: tuple[Tensor, Tensor] | None,
    error: float,
    of: slice = slice(None),
) -> None:
    """It must be fused, and agree with double precision relative to the largest element.

    Where all are small, as what is left of larger ones, relative to a tenth.
    """
    assert is_fused(x)
    fused = outputs_and_gradients(lstm, x.requires_grad_(), state, of)
    as_double = [z.detach().double().requires_grad_() for z in (x, *(state or ()))]
    expected = outputs_and_gradients(
        plain(lstm), as_double[0], (as_double[1], as_double[2]) if state else None, of
    )
    for ours, theirs in zip(fused, expected, strict=True):
        assert ours.dtype == torch.float32
        assert ours.shape == theirs.shape
        largest = max(float(theirs.detach().abs().max()), 0.1)
        assert float((ours.double() - theirs).detach().abs().max()) <= error * largest


@pytest.mark.usefixtures("instructions")
@pytest.mark.parametrize(
    ("n_features", "hidden", "bidirectional", "n_steps", "n_windows"),
    [
        (32, 32, False, 128, 50),  # the notebook's
        (64, 64, True, 32, 64),  # conv-bilstm's
        (64, 48, True, 16, 64),  # any-mounting's
        (14, 14, False, 128, 20),  # residual-bilstm's
        (64, 96, False, 32, 7),  # conv-lstm's
        (576, 128, False, 8, 5),  # deep-conv-lstm's
    ],
)
def test_it_is_pytorchs_for_the_networks_here(
    n_features: int, hidden: int, bidirectional: bool, n_steps: int, n_windows: int
) -> None:
    torch.manual_seed(0)
    lstm = make_lstm(n_features, hidden, bidirectional=bidirectional)
    compare(lstm, torch.randn(n_steps, n_windows, n_features), None, 1e-5)


@pytest.mark.usefixtures("instructions")
def test_it_is_pytorchs_for_any_sizes_and_states() -> None:
    sizes = st.integers(1, 40)

    @settings(max_examples=60, deadline=None)
    @given(sizes, sizes, st.integers(1, 12), st.integers(1, 20), st.booleans(), st.booleans(),
           st.integers(0, 2**31))  # fmt: skip
    def holds(
        n_features: int, hidden: int, n_steps: int, n_windows: int, bidirectional: bool,
        has_state: bool, seed: int,
    ) -> None:  # fmt: skip
        torch.manual_seed(seed)
        lstm = LSTM(n_features, hidden, bidirectional=bidirectional)
        shape = 1 + bidirectional, n_windows, hidden
        state = (
            (torch.randn(shape).requires_grad_(), torch.randn(shape).requires_grad_())
            if has_state
            else None
        )
        compare(lstm, torch.randn(n_steps, n_windows, n_features), state, 1e-5)

    holds()


@pytest.mark.usefixtures("instructions")
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("first", range(3))
def test_the_gradient_of_one_output_alone(first: int, bidirectional: bool) -> None:
    torch.manual_seed(0)
    lstm = make_lstm(9, 12, bidirectional=bidirectional)
    compare(lstm, torch.randn(7, 5, 9), None, 1e-5, slice(first, first + 1))


@pytest.mark.usefixtures("instructions")
def test_large_values_saturate_as_curves_do() -> None:
    torch.manual_seed(0)
    compare(LSTM(8, 8), 40 * torch.randn(20, 9, 8), None, 1e-5)


@pytest.mark.usefixtures("instructions")
def test_what_is_no_number_stays_none_and_stays_in_its_window() -> None:
    x = torch.zeros(4, 5, 8)
    x[1, 2, 3] = float("nan")
    with torch.no_grad():
        y, _ = LSTM(8, 8)(x)
    assert y.isnan().any(dim=2).nonzero().tolist() == [[1, 2], [2, 2], [3, 2]]


@pytest.mark.usefixtures("instructions")
def test_a_window_gets_the_same_bits_whatever_is_beside_it_and_without_gradients() -> None:
    torch.manual_seed(0)
    lstm = make_lstm(32, 32)
    x = torch.randn(16, 50, 32)
    together, _ = lstm(x)
    with torch.no_grad():
        for first, n in ((0, 1), (7, 2), (20, 13), (0, 50)):
            alone, _ = lstm(x[:, first : first + n])
            assert torch.equal(alone, together[:, first : first + n])


@pytest.mark.usefixtures("instructions")
def test_sizes_that_do_not_fit_are_refused() -> None:
    lstm = LSTM(9, 16)
    with pytest.raises(ValueError, match="x is torch"):
        lstm(torch.zeros(3, 2, 8))
    state = torch.zeros(2, 5)
    with pytest.raises(ValueError, match="the output before"):
        fused_lstm(
            torch.zeros(3, 2, 9), lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0,
            (state, state),
        )  # fmt: skip


@needs_kernel
def test_what_was_compiled_from_another_source_is_not_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its arguments may be others: a checkout goes on, and nobody installs it again."""
    for kernel in Path(module.__file__).parent.glob("*.so"):
        shutil.copy(kernel, tmp_path)
    monkeypatch.setattr(module, "_FOLDER", tmp_path)
    monkeypatch.setattr(module, "_kernel", cache(module._kernel.__wrapped__))
    source = tmp_path / "fused_lstm.c"
    source.write_text("/* another */")
    assert kernel_name() is None
    source.unlink()  # as where only the package is installed
    module._kernel.cache_clear()
    assert kernel_name() is not None


def test_other_precisions_are_pytorchs() -> None:
    x = torch.randn(4, 2, 8)
    assert not is_fused(x.double())
    with torch.autocast("cpu", torch.bfloat16):
        assert not is_fused(x)
    y, _ = LSTM(8, 8).double()(x.double())
    assert y.dtype == torch.float64


@pytest.mark.usefixtures("instructions")
def test_it_is_there_where_it_can_be() -> None:
    assert kernel_name() is not None, "run pip install again: no kernel was compiled"
