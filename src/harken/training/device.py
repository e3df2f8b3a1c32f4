"""Where the arithmetic is done, and in what precision."""

from __future__ import annotations

import os

import torch

from harken.core.errors import InputError, UnknownNameError

DEVICES = ("auto", "cpu", "cuda", "mps")
#: Environment variable; "float32" forbids bfloat16 whatever a recipe and the processor allow.
PRECISION_VARIABLE = "HARKEN_PRECISION"


def choose_device(name: str) -> torch.device:
    """A device by name; "auto" takes the first of CUDA, MPS, CPU that is there."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name not in DEVICES:
        raise UnknownNameError("device", name, DEVICES)
    if name == "auto":
        name = next((device for device, there in present.items() if there), "cpu")
    elif not present.get(name, True):
        raise InputError(f"--device {name}: PyTorch finds no such device here. Use --device auto.")
    return torch.device(name)


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """bfloat16 where the recipe allows it and the processor computes in it, else float32.

    The environment variable `HARKEN_PRECISION=float32` forbids bfloat16, so that a machine that has
    it trains as one that has not.
    """
    if precision == "float32" or os.environ.get(PRECISION_VARIABLE) == "float32":
        return torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    if device.type == "cpu":
        abilities = torch.cpu.get_capabilities()
        has_bf16 = abilities.get("avx512_bf16") or abilities.get("amx_bf16")
        return torch.bfloat16 if has_bf16 else torch.float32
    return torch.float32
