"""The HTML pages: report, history and comparison."""
