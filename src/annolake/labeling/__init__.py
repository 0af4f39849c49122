"""Labeling backends and the workflow of levels: batches become jobs, jobs become labels."""
