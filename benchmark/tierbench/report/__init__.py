"""The HTML report: from a run's record and its suites to what the page shows; pure but for the pictures."""
