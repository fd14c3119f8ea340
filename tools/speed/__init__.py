"""What tools/measure_speed.py measures: one module for each group of budgets."""
