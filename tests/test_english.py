"""Plain English in code and documents: openings of docstrings, and words that nobody uses today."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = sorted(path for folder in ("socialrec", "jobs", "dags") for path in (ROOT / folder).rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "Makefile"])
WORD_LISTS = {ROOT / "socialrec" / "language" / name for name in ("latin_words.py", "stop_words.py")}
"""Modules whose strings are data, of many languages."""

OPENINGS = re.compile(
    r"\W*(?:what|whether|that|who|whom|whose|which|how|where|when|why)(?:ever|soever)?\b", re.IGNORECASE
)
"""Relative and question words, with which no docstring begins: it begins with a noun or an imperative verb."""
ARCHAISMS = re.compile(
    r"\b(?:anew|aught|bears? out|borne out|doors?|ere|for want of|go(?:es|ing|ne)? on from|hence|here(?:by|in|of|upon)"
    r"|is led to|lest|lets? go of|naught|stand(?:s|ing)? for|stood for|takes? up (?:where|the same)|tell apart"
    r"|there(?:by|in|of|upon)|told apart|told from|upon|where(?:by|in|of|upon)|who(?:m|se)?soever)\b",
    re.IGNORECASE,
)
CODE_MARKS = re.compile(r"``?[^`\n]*``?|\([a-z/_.-]+\.(?:md|py|yaml)[^)]*\)")
"""Names of code, and paths of links, which are no words."""

Text = tuple[int, str]


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(source)))


def docstrings(source: str) -> Iterator[Text]:
    """First line and text of each docstring, those below constants and attributes too."""
    for node in nodes(source):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in node.body:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    text = statement.value.value
                    if isinstance(text, str):
                        yield statement.lineno, text


def comments(source: str) -> Iterator[Text]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def messages(source: str) -> Iterator[Text]:
    """Strings of several words: messages, command help, texts of forms."""
    for node in nodes(source):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def faults(path: Path, texts: Iterator[Text], pattern: re.Pattern[str]) -> list[str]:
    """Lines such as `socialrec/errors.py:5: anew`."""
    return [
        f"{path.relative_to(ROOT)}:{first + text.count(chr(10), 0, found.start())}: {found[0].strip()}"
        for first, marked in texts
        for text in [CODE_MARKS.sub(lambda code: "_" * len(code[0]), marked)]
        for found in pattern.finditer(text)
    ]


def openings(source: str) -> Iterator[Text]:
    return ((line, text) for line, text in docstrings(source) if OPENINGS.match(text))


def test_a_docstring_begins_with_a_noun_or_a_verb() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {' '.join(text.split()[:8])}"
        for path in CODE
        for line, text in openings(path.read_text(encoding="utf-8"))
    ]
    assert not wrong, "begin with a noun or an imperative verb:\n" + "\n".join(wrong)


def test_words_are_those_of_today() -> None:
    wrong = []
    for path in CODE:
        source = path.read_text(encoding="utf-8")
        wrong += faults(path, docstrings(source), ARCHAISMS) + faults(path, comments(source), ARCHAISMS)
        if path not in WORD_LISTS:
            wrong += faults(path, messages(source), ARCHAISMS)
    for path in PAGES:
        wrong += faults(path, iter([(1, path.read_text(encoding="utf-8"))]), ARCHAISMS)
    assert not wrong, "write it in plain words:\n" + "\n".join(sorted(set(wrong)))


@pytest.mark.parametrize(
    "text", ['"""Whether a file is open."""', 'LIMIT = 3\n"""How many files may be open."""', '"""`What` it is."""']
)
def test_an_opening_is_found_wherever_a_docstring_stands(text: str) -> None:
    assert [line for line, _ in openings(text)] == [text.count("\n") + 1]


def test_a_word_is_found_with_its_line_and_names_of_code_are_left_out() -> None:
    text = "\n`stands_for` of `doors.py`:\nbuilt anew from bronze"
    assert faults(ROOT / "page.md", iter([(7, text)]), ARCHAISMS) == ["page.md:9: anew"]
