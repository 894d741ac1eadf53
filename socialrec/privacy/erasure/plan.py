"""Plan of an erasure: users and their data to find, kept until the erasure is done so that a killed one can resume."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pds

from socialrec.contracts.bronze import BRONZE
from socialrec.contracts.columns import Table
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.gold import PASSAGES, TEXTS
from socialrec.contracts.silver import SILVER_ANSWERS, SILVER_COMMENTS, SILVER_PRODUCTS, SILVER_QUESTIONS
from socialrec.contracts.vocabulary import TextKind
from socialrec.errors import UserError
from socialrec.etl.landing.lines import text_lines
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.privacy.erasure.citations import CitedWords, cited_words
from socialrec.privacy.erasure.proof.traces import Traces, excerpts_of
from socialrec.privacy.pseudonyms import PSEUDONYM, identity_key, pseudonym
from socialrec.settings import Settings
from socialrec.settings.secret_files import write_secret
from socialrec.sources import platforms

FILE = "erasure.json"
NO_WORDS = hashlib.sha256(b"").hexdigest()
"""Hash shared by all comments with stars alone, which identifies nobody."""


@dataclass(frozen=True)
class Plan:
    """Users by their raw ids, on every platform; their pseudonyms, and the texts and comments of theirs alone.

    comments: `<platform> <ds> <comment_id>`. restamp: landing days that bronze held as delivered: their tokens are
    rewritten, so that they are not taken in again. seen_on: landing days with a record of theirs. excerpts: parts of
    texts that they alone wrote. passage_ids: passages made of their words.
    """

    ids: tuple[str, ...]
    platforms: tuple[str, ...]
    keys: tuple[str, ...]
    text_hashes: tuple[str, ...]
    comments: tuple[str, ...]
    restamp: tuple[str, ...]
    seen_on: tuple[str, ...]
    excerpts: tuple[str, ...] = ()
    passage_ids: tuple[str, ...] = ()


NOTHING = Plan((), (), (), (), (), (), ())


def make_plan(settings: Settings, lake: Lake, ids: Iterable[str], restamp: Collection[str]) -> Plan:
    """Find the data of these users, added to the plan of an interrupted erasure.

    Files that no version names any more are searched too. Raises UserError where an id cannot be one.
    """
    before = read_plan(settings.secrets) or NOTHING
    wanted = {*_checked(ids), *before.ids}
    shops = {*known_platforms(settings, lake), *before.platforms}
    secret = identity_key(settings.secrets)
    keys = {*before.keys, *(pseudonym(secret, shop, user) for shop in shops for user in wanted)}
    cited = cited_words(lake, settings.etl, sorted(wanted))
    texts, comments = texts_of(lake, sorted(keys), cited)
    return Plan(
        ids=tuple(sorted(wanted)),
        platforms=tuple(sorted(shops)),
        keys=tuple(sorted(keys)),
        text_hashes=tuple(sorted({*texts, *before.text_hashes})),
        comments=tuple(sorted({*comments, *before.comments})),
        restamp=tuple(sorted({*restamp, *before.restamp})),
        seen_on=tuple(sorted({*days_of(lake, sorted(wanted)), *before.seen_on})),
        excerpts=tuple(sorted({*own_excerpts(lake, sorted(wanted), sorted(texts)), *before.excerpts})),
        passage_ids=tuple(sorted({*cited.passage_ids, *before.passage_ids})),
    )


def days_of(lake: Lake, ids: Sequence[str]) -> set[str]:
    """Landing days on which bronze has a record of these users."""
    people, days = pa.array(ids, pa.string()), set()
    for entity, spec in ENTITIES.items():
        for column in spec.users:
            rows = lake.read(BRONZE[entity], columns=["ds"], filter=pc.field(column).isin(people))
            days.update(pc.unique(rows["ds"]).to_pylist())
    return days


def known_platforms(settings: Settings, lake: Lake) -> set[str]:
    """Platforms that have delivered data, now or before."""
    found = set(platforms(settings.landing))
    for table in BRONZE.values():
        found.update(pc.unique(lake.read(table, columns=["platform"])["platform"]).to_pylist())
    return found


def texts_of(lake: Lake, keys: Sequence[str], cited: CitedWords) -> tuple[set[str], set[str]]:
    """Hashes of texts and sentences by these users and nobody else, and their comments."""
    people = pa.array(keys, pa.string())
    own = pc.field("user_key").isin(people)
    said = every_file(lake, SILVER_COMMENTS, ("platform", "ds", "comment_id", "text_hash"), own)
    theirs = {*said["text_hash"].to_pylist(), *cited.text_hashes}
    for table in (SILVER_QUESTIONS, SILVER_ANSWERS):
        theirs |= set(every_file(lake, table, ("text_hash",), own)["text_hash"].to_pylist())
    theirs |= _replaced_texts(lake)
    same = pc.field("text_hash").isin(pa.array(sorted(theirs), pa.string()))
    cites_others = ~pc.field("passage_id").isin(pa.array(sorted(cited.passage_ids), pa.string()))
    by_others = {SILVER_PRODUCTS: same, PASSAGES: same & cites_others}
    by_others |= dict.fromkeys((SILVER_COMMENTS, SILVER_QUESTIONS, SILVER_ANSWERS), same & ~own)
    for table, others in by_others.items():
        theirs -= set(lake.read(table, columns=["text_hash"], filter=others)["text_hash"].to_pylist())
    theirs.discard(NO_WORDS)
    comments = zip(*(said[name].to_pylist() for name in ("platform", "ds", "comment_id")), strict=True)
    return theirs, {" ".join(names) for names in comments}


def own_excerpts(lake: Lake, ids: Sequence[str], text_hashes: Sequence[str]) -> set[str]:
    """Excerpts of these users' comments, as they landed and as they were cleaned, that nobody else's texts hold."""
    people = pa.array(ids, pa.string())
    clean = pc.field("text_hash").isin(pa.array(text_hashes, pa.string()))
    theirs = [_texts(lake, TEXTS, "text", clean)]
    others = [_texts(lake, TEXTS, "text", ~clean)]
    for entity, spec in ENTITIES.items():
        own = reduce(or_, (pc.field(name).isin(people) for name in spec.users), pc.scalar(False))
        theirs += [_texts(lake, BRONZE[entity], name, own) for name in spec.texts if spec.users]
        others += [_texts(lake, BRONZE[entity], name, ~own) for name in spec.texts]
    found = {excerpt for texts in theirs for text in texts for excerpt in excerpts_of(text)}
    if not found:
        return found
    search = Traces((), (), found)
    return found - {excerpt for texts in others for text in texts for excerpt in search.excerpts_in(text)}


def _texts(lake: Lake, table: Table, column: str, keep: pc.Expression | None = None) -> Iterator[str]:
    for value in lake.read(table, columns=[column], filter=keep)[column]:
        if text := value.as_py():
            yield text


def _replaced_texts(lake: Lake) -> set[str]:
    """Texts of comments that were edited since, so that no comment contains them and their author is unknown."""
    of_comments = pc.field("kind") == TextKind.COMMENT.value
    held = lake.read(SILVER_COMMENTS, columns=["text_hash"])["text_hash"]
    found = lake.read(TEXTS, columns=["text_hash"], filter=of_comments)["text_hash"]
    return set(found.to_pylist()) - set(held.to_pylist())


def every_file(lake: Lake, table: Table, columns: Sequence[str], keep: pc.Expression) -> pa.Table:
    """Rows of all files of a table, including old versions and abandoned attempts."""
    files = [str(file) for file in parquet_files(lake, table)]
    return pds.dataset(files, schema=arrow_schema(table), format="parquet").to_table(list(columns), filter=keep)


def parquet_files(lake: Lake, table: Table) -> list[Path]:
    """Parquet files of rows below a table's folder, in any version or none."""
    return sorted(lake.path(table).glob("stage-*/part=*/*.parquet"))


def read_plan(secrets: Path) -> Plan | None:
    """Read the plan of an unfinished erasure."""
    file = secrets / FILE
    if not file.exists():
        return None
    return Plan(**{name: tuple(values) for name, values in json.loads(file.read_text(encoding="utf-8")).items()})


def keep_plan(secrets: Path, plan: Plan) -> None:
    """Write the plan, readable only by its owner."""
    write_secret(secrets / FILE, json.dumps(vars(plan)))


def drop_plan(secrets: Path) -> None:
    """Delete the plan of a finished erasure, because it names users."""
    (secrets / FILE).unlink(missing_ok=True)


def read_ids(file: Path) -> list[str]:
    """Read ids from a file, one per line, each once; blank lines are left out. UserError where there is none.

    There are no comments: a line that begins with `#` is an id like any other.
    """
    if not file.is_file():
        raise UserError(f"{file} is not a file: name one with one user id per line, as landed")
    with file.open("rb") as content:
        lines = [line.strip() for line in text_lines(content, "utf-8")]
    found = list(dict.fromkeys(line for line in lines if line))
    if not found:
        raise UserError(f"{file} names nobody: write one user id per line, as landed")
    return found


def people_to_erase(settings: Settings, users: Sequence[str], file: Path | None) -> tuple[list[str], Path | None]:
    """Resolve ids given as arguments or in a file; also returns that file if it is in the home.

    Empty where none are given, or the file is gone, and an erasure is unfinished; UserError if none is unfinished.
    """
    waits = read_plan(settings.secrets) is not None
    if file is None:
        if not users and not waits:
            raise UserError("nobody to erase: give users' ids as they landed, or a file with one per line")
        return list(users), None
    is_ours = file.resolve().is_relative_to(settings.home)
    if waits and not file.exists():
        return list(users), None
    return [*users, *read_ids(file)], file if is_ours else None


def _checked(ids: Iterable[str]) -> list[str]:
    found = list(ids)
    for number, user in enumerate(found, 1):
        # By number, because this line may end in a log.
        if not user.strip() or PSEUDONYM.fullmatch(user):
            raise UserError(f"user {number} is not an id as it landed: a pseudonym does not lead back to landing files")
    return found
