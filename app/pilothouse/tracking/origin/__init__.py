"""What made a run: code, packages, machine, and what it used of the machine while it ran."""

from pilothouse.tracking.origin.origin import (
    CodeFile,
    Git,
    Host,
    Origin,
    read_later_origins,
    read_origin,
    read_patch,
)

__all__ = ["CodeFile", "Git", "Host", "Origin", "read_later_origins", "read_origin", "read_patch"]
