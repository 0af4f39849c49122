"""The demo: sample media whose truth is known, simulated annotators, and the run that prints what came out."""
