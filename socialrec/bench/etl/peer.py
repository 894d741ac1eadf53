"""DuckDB as the ETL's peer, run as its own program: landing to gold as Parquet; prints seconds by stage as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from socialrec.bench.etl import sql_gold, sql_silver
from socialrec.bench.etl.landing import DELIVERED
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.keys import Keys
from socialrec.settings.etl import EtlSettings

_MEMORY = "6GiB"


class Peer:
    """Builder of the tables of one night below a folder, `<layer>/<noun>/`, from a landing folder of Parquet files."""

    def __init__(self, landing: Path, out: Path, key: bytes, night: str, threads: int) -> None:
        self.landing, self.out, self.night, self.settings = landing, out, night, EtlSettings()
        spill = str(out / "spill")
        config: dict[str, Any] = {"threads": threads, "memory_limit": _MEMORY, "temp_directory": spill}
        self.connection = duckdb.connect(config={**config, "preserve_insertion_order": "false"})
        sql_silver.add_cleaners(self.connection, self.settings.mask)
        for statement in sql_silver.macros(key):
            self.connection.execute(statement)

    def ingest(self) -> None:
        """Bronze and quarantine."""
        for entity in DELIVERED:
            self.connection.execute(sql_silver.judged(entity, str(self.landing)))
            self._write("bronze", entity, sql_silver.bronze(entity))
            self._write("quarantine", entity, sql_silver.quarantine(entity))

    def silver(self) -> None:
        """Silver tables, and the records that silver rejects to quarantine."""
        run, keys = self.connection.execute, Keys()
        run(sql_silver.repeats(Entity.INTERACTIONS, keys.of(Entity.INTERACTIONS)))
        self._write("silver", Entity.INTERACTIONS, sql_silver.SILVER_INTERACTIONS)
        self._write("requarantine", Entity.INTERACTIONS, sql_silver.requarantine(Entity.INTERACTIONS, "event_id"))
        run(sql_silver.repeats(Entity.COMMENTS, keys.of(Entity.COMMENTS)))
        run(sql_silver.CLEANED_COMMENTS)
        run(sql_silver.said_again(self.settings.duplicate_window_days))
        self._write("silver", Entity.COMMENTS, sql_silver.SILVER_COMMENTS)
        self._write("requarantine", Entity.COMMENTS, sql_silver.requarantine(Entity.COMMENTS, "comment_id"))
        run("DROP TABLE cleaned; DROP TABLE repeats; DROP TABLE copies")
        self._write("silver", Entity.PRODUCTS, sql_silver.silver_products(self.night))
        self._write("silver", Entity.FOLLOWS, sql_silver.silver_follows(self.night))

    def gold(self) -> None:
        """The four gold tables."""
        self.connection.execute(sql_gold.active(self.night))
        self._write("gold", "user_product_affinity", sql_gold.affinity(self.night, self.settings))
        self._write("gold", "social_ties", sql_gold.ties(self.night, self.settings))
        self._write("gold", "user_profiles", sql_gold.profiles(self.night))
        self._write("gold", "texts", sql_gold.texts(self.night))

    def _write(self, layer: str, noun: str, query: str) -> None:
        folder = self.out / layer / noun
        folder.parent.mkdir(parents=True, exist_ok=True)
        options = "FORMAT parquet, COMPRESSION zstd, PARTITION_BY (ds), WRITE_PARTITION_COLUMNS true"
        self.connection.execute(f"COPY ({query}) TO '{folder}' ({options})")
        files = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = false)"
        if any(folder.glob("**/*.parquet")):
            self.connection.execute(f"CREATE OR REPLACE VIEW {layer}_{noun} AS FROM {files}")
        else:
            self.connection.execute(f"CREATE OR REPLACE VIEW {layer}_{noun} AS FROM ({query}) WHERE false")


def main(arguments: list[str]) -> int:
    """Arguments: landing folder, output folder, identity key file, night, threads."""
    landing, out, key, night, threads = arguments
    peer = Peer(Path(landing), Path(out), bytes.fromhex(Path(key).read_text(encoding="ascii")), night, int(threads))
    seconds = {}
    stages: dict[str, Callable[[], None]] = {"ingest": peer.ingest, "silver": peer.silver, "gold": peer.gold}
    for name, build in stages.items():
        started = time.perf_counter()
        build()
        seconds[name] = round(time.perf_counter() - started, 2)
    print(json.dumps(seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
