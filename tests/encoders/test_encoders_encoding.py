"""Bulk encoding: Arrow batches in, rows of gold.text_embeddings out, in this process or another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark import cloudpickle

from socialrec.contracts.gold import TEXT_EMBEDDINGS
from socialrec.encoders import encoding
from socialrec.encoders.encoder import Encoder
from socialrec.encoders.encoding import encode_batches, encoder_of
from socialrec.lake.schemas import arrow_schema
from socialrec.settings.text import TextSettings


def batch(*texts: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"text_hash": [f"hash of {text}" for text in texts], "text": list(texts)})


@pytest.fixture
def saved(encoder: Encoder, tmp_path: Path) -> Path:
    encoder.save(tmp_path / "saved")
    return tmp_path / "saved"


def test_texts_become_rows_of_the_contract(encoder: Encoder) -> None:
    rows = pa.Table.from_batches(encode_batches(encoder, iter([batch("red shoe", "lamp"), batch("book")])))
    assert rows.schema == arrow_schema(TEXT_EMBEDDINGS)
    assert rows["text_hash"].to_pylist() == ["hash of red shoe", "hash of lamp", "hash of book"]
    assert set(rows["encoder_version"].to_pylist()) == {encoder.version}
    vectors = np.array(rows["embedding"].to_pylist(), dtype=np.float32)
    np.testing.assert_allclose(vectors, encoder.encode(["red shoe", "lamp", "book"]), atol=1e-6)


def test_nothing_in_is_nothing_out(encoder: Encoder) -> None:
    assert list(encode_batches(encoder, iter([]))) == []
    assert list(encode_batches(encoder, iter([batch()]))) == []


def test_a_large_batch_is_cut_into_chunks_in_order(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "CHUNK_TEXTS", 2)
    words = ["red", "blue", "green", "grey", "shoe"]
    made = list(encode_batches(encoder, iter([batch(*words)])))
    assert [rows.num_rows for rows in made] == [2, 2, 1]
    assert pa.Table.from_batches(made)["text_hash"].to_pylist() == [f"hash of {word}" for word in words]


def test_small_batches_are_joined_to_chunks(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "CHUNK_TEXTS", 2)
    made = list(encode_batches(encoder, iter([batch("red"), batch("blue"), batch("grey", "shoe"), batch("lamp")])))
    assert [rows["text_hash"].to_pylist() for rows in made] == [
        ["hash of red", "hash of blue"],
        ["hash of grey", "hash of shoe"],
        ["hash of lamp"],
    ]


def test_progress_counts_on_from_chunk_to_chunk(
    saved: Path, tiny: TextSettings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "CHUNK_TEXTS", 2)
    list(encoder_of(saved, tiny, threads=1)(iter([batch("red", "blue"), batch("grey")])))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" here,")[0] for line in lines] == ["encoded 2 texts", "encoded 3 texts"]


def test_another_process_is_sent_where_the_encoder_is_and_not_the_encoder(
    saved: Path, encoder: Encoder, tiny: TextSettings
) -> None:
    # Without the shop's lists of words, which are settings.
    sent = cloudpickle.dumps(encoder_of(saved, tiny.model_copy(update={"aspects": {}}), threads=1))
    assert len(sent) < 10_000
    (rows,) = cloudpickle.loads(sent)(iter([batch("red shoe")]))
    assert rows["encoder_version"].to_pylist() == [encoder.version]


def test_without_texts_no_encoder_is_loaded(tiny: TextSettings, tmp_path: Path) -> None:
    assert list(encoder_of(tmp_path / "nothing", tiny, threads=1)(iter([]))) == []


def test_unknown_words_are_counted_and_warned_of_once_with_what_to_do(
    encoder: Encoder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One word in two; the model's own first and last tokens count as neither."""
    monkeypatch.setattr(encoding, "CHUNK_TEXTS", 1)
    list(encode_batches(encoder, iter([batch("red 靴"), batch("靴 blue")])))
    first, second, warning = capsys.readouterr().err.splitlines()
    assert first.endswith("50.00% of tokens unknown") and second.endswith("50.00% of tokens unknown")
    assert warning.startswith("warning: 50.0% of the texts' tokens are unknown to text.model")
    assert "set text.model to one that does, such as multilingual-e5-small" in warning
