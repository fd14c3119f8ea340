"""Hand the figures of a recorded run to other tools: experiment trackers, model cards, tables."""
