"""Tests of tierbench.runs."""
