"""Our three Spark jobs against DuckDB on generated landing days: time, memory, growth, and equality of the tables."""

from __future__ import annotations

import json
import math
import os
import shutil
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from socialrec.bench.children import Finished, run_child
from socialrec.bench.etl.agreement import agree
from socialrec.bench.etl.landing import DELIVERED, LandingSizes, generate
from socialrec.bench.load import LoadMeter, MachineLoad
from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.columns import Table
from socialrec.contracts.silver import SILVER
from socialrec.etl.plans import GOLD_TARGETS
from socialrec.lake import Lake
from socialrec.privacy.pseudonyms import KEY_FILE, identity_key
from socialrec.settings import ENV_PREFIX, load_settings

NAME = "etl"
MAX_TIME_OVER_PEER, MAX_PEAK_MIB, MAX_SLOPE = 4.0, 6 * 1024, 1.1
_JOBS = {"ingest": "ingest_landing", "silver": "build_silver", "gold": "build_gold"}
_PROGRAMS = Path(__file__).resolve().parents[3] / "jobs"
_N_STARTS = 3
_START = """
import sys
from pathlib import Path
from socialrec.runtime import job
from socialrec.etl.session import spark_session
from socialrec.settings import load_settings
with spark_session("start", load_settings(Path(sys.argv[1]))):
    pass
"""


@dataclass(frozen=True)
class Ours:
    """Our jobs at one size: seconds by stage without start-up, peak memory, home of the tables, and day."""

    seconds: dict[str, float]
    peak_mib: int
    home: Path
    night: str

    @property
    def total(self) -> float:
        """Seconds of all stages."""
        return sum(self.seconds.values())


@dataclass(frozen=True)
class StageSeconds:
    """Ours at each share of the scale, the peer at the last share, seconds to start Spark, rows by table,
    and the load that others made."""

    scale: float
    shares: Sequence[float]
    ours: Sequence[Ours]
    peer: PeerResult
    start: float
    rows: Mapping[str, int]
    load: MachineLoad

    @property
    def slope(self) -> float:
        """Least squares slope of log seconds over log size; 0 where there is one size only."""
        if len(self.shares) < 2:
            return 0.0
        logs = [math.log(each.total) for each in self.ours]
        return statistics.linear_regression([math.log(share) for share in self.shares], logs).slope


def run(
    scratch: Path,
    scale: float = 1.0,
    shares: Sequence[float] = (0.25, 0.5, 1.0),
    progress: Progress = to_standard_error,
) -> BenchResult:
    """Measure our jobs at these shares of the scale and the peer at the last one; scale 1 is 10 million interactions.

    Works in a folder of its own below `scratch` and removes it. Raises UserError where the two sets of tables differ.
    """
    work, meter = scratch / f"bench-{NAME}-{os.getpid()}", LoadMeter()
    try:
        start = _start_up(work / "start", progress)
        ours: list[Ours] = []
        for place, share in enumerate(shares):
            if ours:
                shutil.rmtree(ours[-1].home)
            ours.append(_ours(work / f"size{place}", scale * share, start, progress))
        peer = _peer(ours[-1], work / "peer", progress)
        progress("comparing the tables")
        rows = agree(_tables(ours[-1], work / "peer"))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _result(StageSeconds(scale, shares, ours, peer, start, rows, meter.load()))


def _result(measured: StageSeconds) -> BenchResult:
    largest, peer = measured.ours[-1], measured.peer
    peer_total = sum(peer.seconds.values())
    over_peer = largest.total / peer_total
    is_met = over_peer <= MAX_TIME_OVER_PEER and largest.peak_mib <= MAX_PEAK_MIB and measured.slope <= MAX_SLOPE
    metrics = {
        "scale": measured.scale,
        **asdict(LandingSizes.of(measured.scale * measured.shares[-1])),
        "slope": round(measured.slope, 3),
        "time_over_peer": round(over_peer, 2),
        "tables_agree": True,
        "targets_met": is_met,
        **{f"rows_{name}": number for name, number in measured.rows.items()},
    }
    sizes = zip(measured.shares, measured.ours, strict=True)
    seconds = largest.seconds | {f"total_at_{share:g}": each.total for share, each in sizes}
    ratios = {f"ratio_{stage}": peer.seconds[stage] / taken for stage, taken in largest.seconds.items()}
    return BenchResult(
        name=NAME,
        metrics=metrics,
        seconds={name: round(value, 2) for name, value in (seconds | {"start_up_a_job": measured.start}).items()},
        peak_mib=largest.peak_mib,
        peers={"duckdb": peer},
        ratios={name: round(value, 3) for name, value in ({"ratio": 1 / over_peer} | ratios).items()},
        versions=versions(["pyspark", "duckdb", "pyarrow", "deltalake"]),
        load=measured.load,
    )


def _start_up(home: Path, progress: Progress) -> float:
    """Median seconds from nothing to a Spark session, which every job pays whatever its work."""
    home.mkdir(parents=True)
    command = [sys.executable, "-c", _START, str(home)]
    seconds = statistics.median(_child(command).seconds for _ in range(_N_STARTS))
    progress(f"starting Spark takes {seconds:.1f} s a job")
    return seconds


def _ours(home: Path, scale: float, start: float, progress: Progress) -> Ours:
    settings = load_settings(home)
    progress(f"generating {LandingSizes.of(scale).interactions:,} interactions")
    night = generate(settings.landing, LandingSizes.of(scale))
    identity_key(settings.secrets)
    seconds, peak = {}, 0
    for stage, program in _JOBS.items():
        command = [sys.executable, str(_PROGRAMS / f"{program}.py"), "--home", str(home), "--ds", night]
        done = _child(command)
        seconds[stage] = max(done.seconds - start, 0.01)
        peak = max(peak, done.peak_mib)
        progress(f"{program}: {seconds[stage]:.1f} s, {done.peak_mib:,} MiB")
    return Ours(seconds, peak, home, night)


def _peer(ours: Ours, out: Path, progress: Progress) -> PeerResult:
    settings = load_settings(ours.home)
    threads = len(os.sched_getaffinity(0))
    arguments = [settings.landing, out, settings.secrets / KEY_FILE, ours.night, threads]
    done = _child([sys.executable, "-m", "socialrec.bench.etl.peer", *map(str, arguments)])
    seconds: dict[str, float] = json.loads(done.output.splitlines()[-1])
    progress(f"DuckDB: {sum(seconds.values()):.1f} s, {done.peak_mib:,} MiB")
    return PeerResult({"threads": threads}, seconds, done.peak_mib)


def _tables(ours: Ours, peer: Path) -> Iterator[tuple[Table, list[str], Path]]:
    lake = Lake(load_settings(ours.home).lake)
    for table in (*(layer[entity] for layer in (BRONZE, SILVER) for entity in DELIVERED), *GOLD_TARGETS):
        yield table, lake.files(table), peer / table.layer / table.noun
    for table in (QUARANTINE[entity] for entity in DELIVERED):
        # Silver rewrites the quarantine where it rejects something itself.
        rewritten = peer / "requarantine" / table.noun
        has_silver = any(commit.job == _JOBS["silver"] for commit in lake.history(table))
        yield table, lake.files(table), rewritten if has_silver else peer / "quarantine" / table.noun


def _child(command: Sequence[str]) -> Finished:
    """Run a command that imports our code, with no settings but those of the home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_PROGRAMS.parent), kept.get("PYTHONPATH", "")]))
    return run_child(command, kept)
