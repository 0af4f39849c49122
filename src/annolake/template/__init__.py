"""Worker templates tried out without a job: rendered with a manifest's line, answered in the browser."""
