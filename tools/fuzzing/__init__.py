"""The doors that `tools/fuzz.py` feeds with broken input, and what watches over them."""
