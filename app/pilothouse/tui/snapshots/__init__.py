"""What the screens show, computed off the UI thread as frozen values; the domain packages are imported in
the functions."""
