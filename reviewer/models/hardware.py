"""How much memory this machine has, and its GPUs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_QUERY = ("nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits")
_WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Machine:
    """Memory in GiB: the main one, and that of each GPU."""

    memory: float
    gpus: tuple[float, ...] = ()


def read_machine(
    *, meminfo: Path = Path("/proc/meminfo"), ask_gpus: Callable[[], str] | None = None
) -> Machine:
    """Read this machine: `/proc/meminfo`, and `nvidia-smi` where it is installed.

    What cannot be read counts as nothing. GPUs of other makers are not looked for.
    """
    return Machine(_memory(meminfo), _gpus((ask_gpus or _nvidia_smi)()))


def _memory(meminfo: Path) -> float:
    try:
        found = re.search(r"^MemTotal:\s*(\d+) kB", meminfo.read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return 0.0
    return int(found[1]) / (1 << 20) if found else 0.0


def _gpus(said: str) -> tuple[float, ...]:
    return tuple(int(line) / 1024 for line in said.split("\n") if line.strip().isdigit())


def _nvidia_smi() -> str:
    """Ask for MiB per GPU; nothing where there is no driver or it does not answer."""
    if shutil.which(_QUERY[0]) is None:
        return ""
    try:
        asked = subprocess.run(_QUERY, capture_output=True, text=True, timeout=_WAIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout if asked.returncode == 0 else ""
