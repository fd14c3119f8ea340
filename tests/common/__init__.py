"""Tests of tierbench.common."""
