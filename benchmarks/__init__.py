"""Benchmarks: one file for each frontier. `python -m benchmarks` runs them; README.md holds the tables."""
