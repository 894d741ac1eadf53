"""Parser of one record per line: a JSON object, or a dict of Python's literals, as in some public files."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from socialrec.errors import UserError

_NOTHING = frozenset({"nan", "NaN", "null", "inf"})
"""Names that programs write for an absent value where Python has no literal."""
_LONGEST_LITERALS = 1 << 20
"""Longest line of literals in characters: a syntax tree takes some hundred times its size."""


def parse_record(file: Path, number: int, line: str) -> Mapping[str, Any]:
    """Parse the object on a line. Raises UserError naming file and line where it has none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        record, fault = _literals(line), str(error) or "it is nested too deep"
        if record is None:
            raise UserError(
                f"{file}: line {number} is no JSON object ({fault}): write one record a line, or take the line out"
            ) from None
    if not isinstance(record, dict):
        raise UserError(
            f"{file}: line {number} is no JSON object but a {type(record).__name__}: write one record a line, such as "
            "jq -c '.[]' does of a list"
        )
    return record


def _literals(line: str) -> dict[str, Any] | None:
    """Parse a line as a dict in Python's own literals; nothing is run."""
    if len(line) > _LONGEST_LITERALS or not line.lstrip().startswith("{"):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            record = ast.literal_eval(_AbsentNames().visit(ast.parse(line.strip(), mode="eval")))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


class _AbsentNames(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Convert names for absent values to None; other names stay, and are refused."""
        return ast.copy_location(ast.Constant(None), node) if node.id in _NOTHING else node
