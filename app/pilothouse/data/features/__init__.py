"""SQL feature views: one definition of a feature for training and for serving."""
