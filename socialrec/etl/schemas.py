"""Spark schemas, made from the contracts."""

from __future__ import annotations

from pyspark.sql import types as T

from socialrec.contracts.columns import Column, FixedListOf, ListOf, StructOf, Table, Type

_SCALARS: dict[str, T.DataType] = {
    "string": T.StringType(),
    "int32": T.IntegerType(),
    "int64": T.LongType(),
    "float32": T.FloatType(),
    "float64": T.DoubleType(),
    "bool": T.BooleanType(),
    "timestamp": T.TimestampType(),
}


def spark_type(kind: Type) -> T.DataType:
    """The Spark type of a contract type."""
    if isinstance(kind, ListOf | FixedListOf):
        return T.ArrayType(spark_type(kind.element))
    if isinstance(kind, StructOf):
        return T.StructType([_field(column) for column in kind.fields])
    return _SCALARS[kind]


def spark_schema(table: Table) -> T.StructType:
    """Make a table's Spark schema. All fields are nullable; the audit checks columns that must not be null."""
    return T.StructType([_field(column) for column in table.columns])


def _field(column: Column) -> T.StructField:
    return T.StructField(column.name, spark_type(column.type))
