"""What happens when a file lands: the watcher, and what it may do by itself."""
