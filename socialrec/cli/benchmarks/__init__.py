"""`socialrec bench …`: a command per benchmark; a module adds its own to `app.bench` when it is imported."""

from socialrec.cli.benchmarks import nights, ranking, understanding
from socialrec.cli.benchmarks.app import bench

__all__ = ["bench", "nights", "ranking", "understanding"]
