"""Agreement between annotators: sums by object, coefficients from sums."""
