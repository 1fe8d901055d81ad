"""Dialogs: each says what will happen; its first field has the focus, or Cancel where there is none."""
