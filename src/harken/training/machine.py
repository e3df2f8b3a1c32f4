"""What the machine was, for the report."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def describe_machine(device: str, precision: str) -> dict[str, str]:
    """Processor, cores, system and versions, in words."""
    import numpy
    import onnxruntime
    import torch

    from harken.networks.fused_lstm import kernel_name

    is_fused = (device, precision) == ("cpu", "float32") and kernel_name() is not None
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "device": device,
        "precision": precision,
        "lstm": f"fused for {kernel_name()}" if is_fused else "PyTorch's",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__,
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
