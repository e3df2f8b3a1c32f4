"""In what precision a training computes."""

from __future__ import annotations

import pytest
import torch

from harken.training.device import choose_dtype

CPU = torch.device("cpu")


def test_bfloat16_is_for_processors_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARKEN_PRECISION", raising=False)
    for capability in ("avx512_bf16", "amx_bf16"):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda c=capability: {c: True})
        assert choose_dtype("auto", CPU) is torch.bfloat16
        assert choose_dtype("float32", CPU) is torch.float32
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert choose_dtype("auto", CPU) is torch.float32


def test_the_environment_can_forbid_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    monkeypatch.setenv("HARKEN_PRECISION", "float32")
    assert choose_dtype("auto", CPU) is torch.float32
