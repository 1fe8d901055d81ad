"""Runs: their journals, their place in the store, and how they compare."""
