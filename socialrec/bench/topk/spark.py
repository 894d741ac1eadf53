"""Spark ALS's own top-K on given vectors, as its own program: prints seconds."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from socialrec.bench.topk.benchmark import Size
from socialrec.etl.session import spark_session
from socialrec.settings import load_settings
from socialrec.vectors.arrays import F32


def main(argv: list[str]) -> None:
    """Arguments: home, users, products, dimensions, length of a list."""
    from pyspark.ml.recommendation import ALSModel

    size = Size(*map(int, argv[1:]))
    with spark_session("bench-topk", load_settings(Path(argv[0]))) as spark:
        users, products = (_factors(spark, vectors) for vectors in (size.users(0, 1), size.products()))
        # The format of a fitted ALS model; fitting one for its factors would add nothing.
        engine: Any = spark.sparkContext._jvm
        model = engine.org.apache.spark.ml.recommendation.ALSModel("bench", size.dim, users._jdf, products._jdf)
        model.setUserCol("user").setItemCol("product")
        started = time.perf_counter()
        ALSModel(model).recommendForAllUsers(size.k).write.format("noop").mode("overwrite").save()
        print(json.dumps(time.perf_counter() - started))


def _factors(spark: Any, vectors: F32) -> Any:
    rows = [(number, vector.tolist()) for number, vector in enumerate(vectors)]
    frame = spark.createDataFrame(rows, "id int, features array<float>").cache()
    frame.count()
    return frame


if __name__ == "__main__":
    main(sys.argv[1:])
