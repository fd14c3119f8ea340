"""The record of a run, and what is made of records: baseline, diff, gates, regression verdict, history."""
