"""Tokenizing beside encoding, in processes of their own.

A GPU encodes more texts a second than one process can tokenize, and threads would not do: they would hold Python's lock
while the encoder needs it to queue its work. The processes import neither torch nor transformers.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from multiprocessing import get_context
from typing import TYPE_CHECKING

from socialrec.encoders.rows import TokenRows
from socialrec.encoders.tokens import Ids, nothing_ids, readable, tokenize
from socialrec.encoders.weights import BaseModel

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TASK_TEXTS = 4096
"""Texts that a process tokenizes at a time."""
AHEAD = 2
"""Chunks that are tokenized ahead of the one that is encoded."""
_OWN: list[tuple[Tokenizer, Ids, str]] = []
"""Tokenizer of this process, where it only tokenizes, the ids of a text without tokens, and the prompt."""


def default_processes(device: str) -> int:
    """Number of processes where the settings give none: those cores of a GPU machine that do not feed the GPU."""
    return len(os.sched_getaffinity(0)) - 1 if device == "cuda" else 0


def rows_of(
    base: BaseModel, chunks: Iterable[Sequence[str]], max_tokens: int, n_processes: int, prompt: str = ""
) -> Iterator[TokenRows]:
    """Tokenize chunks of texts, each after the prompt, in order.

    The processes start with the second chunk: one is not worth their start.
    """
    waiting = iter(chunks)
    started = list(islice(waiting, 2))
    backend = getattr(base.tokenizer, "backend_tokenizer", None)
    if len(started) < 2 or not n_processes or backend is None:
        for chunk in chain(started, waiting):
            yield TokenRows.of(tokenize(base, chunk, max_tokens, prompt))
        return
    arguments = (backend.to_str(), max_tokens, nothing_ids(base), prompt)
    # Not forked: a copy of a process that uses a GPU must not use it.
    with ProcessPoolExecutor(n_processes, get_context("spawn"), _start, arguments) as pool:
        ahead: deque[list[Future[TokenRows]]] = deque()
        for chunk in chain(started, waiting):
            ahead.append(
                [pool.submit(_tokenize, chunk[at : at + TASK_TEXTS]) for at in range(0, len(chunk), TASK_TEXTS)]
            )
            if len(ahead) > AHEAD:
                yield TokenRows.joined([part.result() for part in ahead.popleft()])
        for parts in ahead:
            yield TokenRows.joined([part.result() for part in parts])


def _start(tokenizer: str, max_tokens: int, nothing: Ids, prompt: str) -> None:
    from tokenizers import Tokenizer

    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    loaded = Tokenizer.from_str(tokenizer)
    loaded.no_padding()
    loaded.enable_truncation(max_tokens)
    _OWN.append((loaded, nothing, prompt))


def _tokenize(texts: Sequence[str]) -> TokenRows:
    [(loaded, nothing, prompt)] = _OWN
    encoded = loaded.encode_batch_fast([prompt + readable(text) for text in texts])
    return TokenRows.of([one.ids or nothing for one in encoded])
