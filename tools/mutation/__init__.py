"""What tools/mutate.py is made of: finding mutants, running tests in copies, knowing which test runs which line."""
