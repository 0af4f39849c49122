"""The quality gate: what reaches silver, what goes to quarantine and why, and what holds a release."""
