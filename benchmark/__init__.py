"""A robustness benchmark for image classifiers that is a pytest suite."""
