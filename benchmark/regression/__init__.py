"""Whether a model got worse since its baseline: the diff of each case and the verdict of each tier."""
