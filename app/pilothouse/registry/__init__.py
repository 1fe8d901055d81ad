"""Versions of a model: what was made, what is live, and what was live when."""
