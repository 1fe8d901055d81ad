"""Runs and model versions side by side: what differs, and whether the difference is more than chance."""
