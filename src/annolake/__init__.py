"""Annolake, the open lakehouse for media annotation."""
