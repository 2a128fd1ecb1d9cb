"""``make demo``: the main job on real input that every machine has, the documentation of its own Python.

Every number is measured while it runs, ours next to the naive choice; failures are shown like successes.
"""
