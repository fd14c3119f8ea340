"""The HTML pages: report, gallery, history and comparison."""
