"""Sweeps: many trials of a recipe or a script, over a space of parameters, here or on a cluster."""
