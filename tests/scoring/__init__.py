"""Tests of tierbench.scoring."""
