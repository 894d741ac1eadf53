"""The contracts agree with themselves, with the schemas made from them, and with their page."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from socialrec.contracts import BRONZE, GOLD, QUARANTINE, SILVER, TABLES
from socialrec.contracts.columns import DS, Column, FixedListOf, ListOf, StructOf, Table, day
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.entities.spec import EntitySpec
from socialrec.contracts.flow import READ
from socialrec.contracts.gold import LIST_INPUTS, RECOMMENDATIONS, SUSPECTS
from socialrec.contracts.page import render
from socialrec.contracts.vocabulary import Cadence
from socialrec.errors import UserError
from socialrec.etl.schemas import spark_schema
from socialrec.lake.schemas import arrow_schema

ROOT = Path(__file__).parents[2]


def test_every_table_of_the_design_has_a_contract() -> None:
    entities = {"products", "interactions", "comments", "follows", "questions", "answers", "templates"}
    gold = {
        "user_product_affinity",
        "social_ties",
        "texts",
        "text_embeddings",
        "comment_insights",
        "product_attributes",
        "passages",
        "suspects",
    }
    gold |= {"behaviour_propensities", "user_profiles", "user_opinions", "recommendations", "list_inputs"}
    gold |= {"model_decisions", "user_features", "item_features", "community_likes", "answers", "picture_embeddings"}
    gold |= {"aligned_pictures"}
    landed = {*entities, "pictures"}
    layers = {"bronze": landed, "quarantine": landed, "silver": entities, "gold": gold}
    assert set(TABLES) == {f"{layer}.{noun}" for layer, nouns in layers.items() for noun in nouns}
    assert len(TABLES) == len(BRONZE) + len(QUARANTINE) + len(SILVER) + len(GOLD) + 2


def test_every_table_of_gold_is_read_by_a_job_that_does_not_write_it() -> None:
    read = {name for job in READ for name in READ[job] if job not in TABLES.get(name, LIST_INPUTS).writers}
    # What lists are made from, and who is not cited, is read by the job that keeps it.
    assert {table.name for table in GOLD} - read == {LIST_INPUTS.name, SUSPECTS.name}


def test_raw_user_ids_end_at_bronze() -> None:
    for table in (*SILVER.values(), *GOLD):
        assert not {"user_id", "follower_id", "followee_id"} & {column.name for column in table.columns}


@pytest.mark.parametrize("spec", ENTITIES.values(), ids=lambda spec: str(spec.entity))
def test_an_entity_names_only_columns_that_it_has(spec: EntitySpec) -> None:
    columns = {"platform", *(column.name for column in spec.columns)}
    assert {*spec.key, spec.event_time, *spec.users, *spec.references, *spec.texts} <= columns
    assert {*spec.needs_any, *spec.must_differ} <= columns
    assert {*spec.user_keys, *spec.said_once} <= {column.name for column in spec.silver.columns}
    if spec.revisions:
        assert {*spec.revisions.owner, *spec.revisions.content, spec.revisions.time or spec.event_time} <= columns
    assert (spec.cadence is Cadence.EVENT) == (spec.revisions is not None)


def test_a_table_whose_key_is_not_a_column_is_refused() -> None:
    with pytest.raises(ValueError, match=r"gold\.x: .*not a column \['nothing'\]"):
        Table("gold", "x", "a thing", (DS,), key=("nothing",), partition="ds", writers=())


def test_the_arrow_schema_follows_the_contract() -> None:
    schema = arrow_schema(RECOMMENDATIONS)
    assert schema.names == [column.name for column in RECOMMENDATIONS.columns]
    assert schema.field("rank").type == pa.int32()
    reasons = schema.field("reasons").type
    assert pa.types.is_list(reasons)
    assert reasons.value_type.field("friends").type == pa.list_(pa.string())


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_spark_and_arrow_schemas_name_the_same_columns_and_types(table: Table) -> None:
    names = {"string": "string", "int32": "int", "int64": "bigint", "float32": "float", "float64": "double"}
    names |= {"bool": "boolean", "timestamp": "timestamp"}

    def spark_name(column: Column) -> str:
        def of(kind: object) -> str:
            if isinstance(kind, ListOf | FixedListOf):
                return f"array<{of(kind.element)}>"
            if isinstance(kind, StructOf):
                return "struct<" + ",".join(f"{c.name}:{of(c.type)}" for c in kind.fields) + ">"
            return names[str(kind)]

        return of(column.type)

    schema = spark_schema(table)
    assert schema.names == arrow_schema(table).names
    assert [f.dataType.simpleString() for f in schema.fields] == [spark_name(column) for column in table.columns]


def test_the_documentation_page_is_current() -> None:
    assert (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8") == render(), "run `make docs`"


@pytest.mark.parametrize("text", ["2026-1-1", "01.02.2026", "2026-02-30", "yesterday", "20260101", ""])
def test_a_day_in_the_wrong_form_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UserError, match="not in the form YYYY-MM-DD"):
        day(text)
