"""Result of a benchmark as one JSON object, with the machine it ran on."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

import psutil

from socialrec.bench.load import MachineLoad

_MIB = 1024**2


def this_machine() -> dict[str, str | float]:
    """Cores that this process may use, memory in MiB, and the system's name."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": psutil.virtual_memory().total // _MIB,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


@dataclass(frozen=True)
class PeerResult:
    """Result of a peer on the same work.

    `seconds` by stage and `peak_mib` of the whole process tree, where those were measured apart from ours.
    """

    metrics: Mapping[str, float]
    seconds: Mapping[str, float] = field(default_factory=dict)
    peak_mib: int | None = None


@dataclass(frozen=True)
class BenchResult:
    """Result of one benchmark.

    `seconds` by stage, `peak_mib` of the whole process tree, `peers` by name. `ratios` are peer time over ours, by
    names that begin with `ratio`: above 1 is faster than the peer.
    """

    name: str
    metrics: Mapping[str, float | bool | str]
    seconds: Mapping[str, float]
    peak_mib: int
    peers: Mapping[str, PeerResult]
    ratios: Mapping[str, float]
    versions: Mapping[str, str]
    machine: Mapping[str, str | float] = field(default_factory=this_machine)
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """Choices made on validation, and their figures."""
    load: MachineLoad | None = None
    """Load that others made meanwhile, in benchmarks of time."""

    def to_json(self) -> str:
        """One line of JSON, the ratios and the load beside the other fields."""
        content = asdict(self)
        ratios, load = content.pop("ratios"), content.pop("load")
        return json.dumps(content | ratios | (load or {}))


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The installed version of each package."""
    return {package: version(package) for package in packages}
