"""Compiles what is written in C while Harken is built or installed.

`src/harken/networks/fused_lstm.c` makes trainings of LSTMs about twice as fast on x86 processors.
Without a compiler for it, or on other processors, Harken is installed without it, and PyTorch's own
LSTM computes: the same, but slower.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("src/harken/networks/fused_lstm.c")
#: The sets of instructions that it is compiled for, by PyTorch's names of them. Tiles are kept in
#: registers by -O3 only, and products are added without rounding in between by contraction.
VARIANTS = {
    "avx2": ["-mavx2", "-mfma"],
    "avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma"],
}
FLAGS = ["-O3", "-ffp-contract=fast", "-shared", "-fPIC"]
PROCESSORS = ("x86_64", "amd64")


class CompiledKernels(BuildHookInterface):  # type: ignore[type-arg]
    """Beside the sources, so that a checkout that is installed as it is finds them too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is put together."""
        if platform.machine().lower() not in PROCESSORS:
            return
        # A checkout that goes on without being installed again must not call what is older.
        digest = hashlib.sha256(Path(self.root, SOURCE).read_bytes()).hexdigest()
        which = f'-DSOURCE_SHA256="{digest}"'
        made = [self._compiled(name, [*flags, which]) for name, flags in VARIANTS.items()]
        if any(made):
            build_data["artifacts"] += [f"/{path.as_posix()}" for path in made if path]
            build_data["pure_python"] = False
            where = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{where}"

    def _compiled(self, name: str, flags: list[str]) -> Path | None:
        """One variant; None where it could not be made."""
        target = SOURCE.with_name(f"{SOURCE.stem}_{name}.so")
        compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
        # Put in its place whole, for a program may be reading the one before.
        whole = Path(self.root, target)
        part = whole.with_suffix(".part")
        command = [*compiler[:1], *FLAGS, *flags, str(SOURCE), "-o", str(part)]
        try:
            done = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
            problem = done.stderr if done.returncode else ""
        except OSError as error:
            problem = str(error)
        if problem:
            part.unlink(missing_ok=True)
            self.app.display_warning(
                f"{SOURCE.name} could not be compiled for {name}, so LSTMs are trained by PyTorch "
                f"alone, which is slower: {problem.strip()[-500:]}"
            )
            return None
        part.replace(whole)
        return target
