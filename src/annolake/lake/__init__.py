"""The lake: Iceberg tables of what arrived (bronze), what it means (silver) and what it answers (gold)."""
