"""Tools for those who work on Annolake: generated pages, the test browser."""
