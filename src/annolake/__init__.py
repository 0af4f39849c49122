"""Annolake, the open lakehouse for media annotation."""

__version__ = "0.1.0"
