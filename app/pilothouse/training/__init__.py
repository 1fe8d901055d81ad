"""Training runs: recipes, the worker that fits them, and starting, watching and stopping it."""
