"""What a model is worth on rows that have landed: realised where there are labels, estimated where not."""
