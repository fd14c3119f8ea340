"""What tools/simulate_regression.py is made of: worlds that it draws, and tables by subject."""
