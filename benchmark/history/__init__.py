"""Recorded runs over time: their history, the comparison of two of them, and clearing up."""
