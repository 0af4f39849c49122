"""The tables of `transforms.schemas` as Iceberg schemas, partitions and properties.

Field ids follow the order of the columns; a column that is added later gets the next free id, so that old files
stay readable without being rewritten.
"""

from __future__ import annotations

import pyarrow as pa
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (
    BooleanType,
    DateType,
    DoubleType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestamptzType,
)

from transforms.schemas import PART, Table

PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    # A retried append is accepted blindly and would double rows; Lake reloads, joins again and commits anew.
    "commit.retry.num-retries": "0",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "50",
}
OF_PARTS = {"write.metadata.metrics.default": "none", f"write.metadata.metrics.column.{PART.name}": "full"}
"""Tables with a part: their rows are found by it, and bounds of fifty columns are read at each look at the files."""

SIMPLE: dict[pa.DataType, type[IcebergType]] = {
    pa.string(): StringType,
    pa.int32(): IntegerType,
    pa.int64(): LongType,
    pa.float64(): DoubleType,
    pa.bool_(): BooleanType,
    pa.date32(): DateType,
    pa.timestamp("us", tz="UTC"): TimestamptzType,
}

FIRST_NESTED_ID = 1000
NESTED_IDS = 10
"""Ids of map keys, list elements and their fields start here, apart from those of the columns; so many a column."""


def iceberg_type(kind: pa.DataType, nested_id: int = FIRST_NESTED_ID) -> IcebergType:
    """The Iceberg type of a column; raises `TypeError` for one that no table uses so far."""
    if kind in SIMPLE:
        return SIMPLE[kind]()
    if isinstance(kind, pa.MapType):
        return MapType(
            key_id=nested_id,
            key_type=iceberg_type(kind.key_type),
            value_id=nested_id + 1,
            value_type=iceberg_type(kind.item_type),
            value_required=False,
        )
    if isinstance(kind, pa.ListType):
        element = iceberg_type(kind.value_type, nested_id + 1)
        return ListType(element_id=nested_id, element_type=element, element_required=False)
    if isinstance(kind, pa.StructType):
        return StructType(
            *(NestedField(nested_id + n, f.name, iceberg_type(f.type), required=False) for n, f in enumerate(kind))
        )
    raise TypeError(f"no Iceberg type is known for {kind}")


def iceberg_schema(table: Table) -> Schema:
    """Columns with ids in their order, the meaning as documentation."""
    return Schema(
        *(
            NestedField(
                field_id=number,
                name=column.name,
                field_type=iceberg_type(column.type, FIRST_NESTED_ID + NESTED_IDS * number),
                required=not column.nullable,
                doc=column.meaning,
            )
            for number, column in enumerate(table.columns, start=1)
        )
    )


def partition_spec(table: Table, schema: Schema) -> PartitionSpec:
    """Identity partitions, as `Table.partition` says."""
    return PartitionSpec(
        *(
            PartitionField(
                source_id=schema.find_field(name).field_id, field_id=1000 + n, transform=IdentityTransform(), name=name
            )
            for n, name in enumerate(table.partition)
        )
    )


def properties(table: Table) -> dict[str, str]:
    """What a new table is made with."""
    return {**PROPERTIES, **(OF_PARTS if PART.name in table.arrow.names else {}), "comment": table.grain}
