"""Keeping a workspace in order: what nothing needs any more, backups, and restoring one."""
