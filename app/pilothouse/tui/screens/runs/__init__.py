"""The list of runs: columns, groups, marks, tags, and the curve beside."""
