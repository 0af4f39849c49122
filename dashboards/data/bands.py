"""The thresholds that figures are judged by: on the end of an interval, never on the figure alone."""

TENTATIVE, RELIABLE = 0.667, 0.8
"""Krippendorff's bands of alpha: tentative from the first on, reliable from the second; of the lower bound here."""
