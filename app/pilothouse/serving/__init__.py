"""The model server: one process that answers on this machine what the champion predicts."""
