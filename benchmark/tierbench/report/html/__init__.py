"""The pages: the report, the gallery, the history, a comparison."""
