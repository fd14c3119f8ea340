"""From predictions to verdicts, tiers, ladders, slices and levels."""
