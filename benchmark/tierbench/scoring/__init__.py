"""Turn predictions into verdicts, and verdicts into results for tiers, ladders, slices and levels."""
