"""Identifiers of the demo world's shop."""

from __future__ import annotations


def user_id(number: int) -> str:
    """Identifier of a user."""
    return f"u{number:05d}"


def product_id(number: int) -> str:
    """Identifier of a product."""
    return f"p{number:05d}"


def comment_id(number: int) -> str:
    """Identifier of a comment."""
    return f"c{number:06d}"


def question_id(number: int) -> str:
    """Identifier of a question."""
    return f"q{number:05d}"
