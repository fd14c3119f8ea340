"""Tests of tierbench.metrics."""
