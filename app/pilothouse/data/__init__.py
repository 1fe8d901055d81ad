"""Reading data files, what their columns must look like, and immutable versions of them."""
