"""Tests of tierbench.corruptions."""
