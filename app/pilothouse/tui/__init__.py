"""The terminal UI: screens over the same functions that the commands call. Start it with
``tui.app.run_tui``."""
