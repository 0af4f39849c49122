"""Claims about speed, memory and coverage, each with its data, its command and a baseline in the same run."""
