"""What `tools/kill_runs.py` kills, and what must be there afterwards."""
