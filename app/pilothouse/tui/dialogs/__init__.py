"""Dialogs: each says what will happen, and Cancel has the focus."""
