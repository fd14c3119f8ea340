"""Tests of benchmark.corruptions."""
