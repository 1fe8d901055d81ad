"""One run: a screen of parts, each made when it is first shown."""
