"""Read and write the records of runs, and work with them: baseline, diff, gates, regression verdict, history."""
