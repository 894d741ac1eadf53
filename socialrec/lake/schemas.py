"""Arrow schemas, made from the contracts."""

from __future__ import annotations

import pyarrow as pa

from socialrec.contracts.columns import Column, FixedListOf, ListOf, StructOf, Table, Type

_SCALARS: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def arrow_type(kind: Type) -> pa.DataType:
    """The Arrow type of a contract type."""
    if isinstance(kind, ListOf | FixedListOf):
        return pa.list_(arrow_type(kind.element))
    if isinstance(kind, StructOf):
        return pa.struct([_field(column) for column in kind.fields])
    return _SCALARS[kind]


def _field(column: Column) -> pa.Field:
    return pa.field(column.name, arrow_type(column.type))


def arrow_schema(table: Table) -> pa.Schema:
    """Make a table's Arrow schema. All fields are nullable; the audit checks columns that must not be null."""
    return pa.schema([_field(column) for column in table.columns])
