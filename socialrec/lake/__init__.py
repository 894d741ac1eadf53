"""Stage, audit, commit, read, history: the only access to the tables."""

from socialrec.lake.audit import AuditError
from socialrec.lake.history import Commit
from socialrec.lake.lake import Lake
from socialrec.lake.stage import CommitConflict, Stage

__all__ = ["AuditError", "Commit", "CommitConflict", "Lake", "Stage"]
