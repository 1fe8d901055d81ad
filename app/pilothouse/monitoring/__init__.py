"""What data looks like, what is wrong with a file, and whether the data has moved."""
