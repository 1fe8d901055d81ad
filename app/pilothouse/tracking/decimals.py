"""How a measured number is written, in commands, documents and on screens alike."""

from __future__ import annotations

import math


def decimal(value: float, digits: int = 4) -> str:
    """Write a number with as many digits as help: 0.7402, 12.35, 1,234.5, 41,208, 0.00025, 3.10e-07.

    A small one never reads as nothing, and with four or more `digits` (the decimals of what is less than ten)
    at least two of its digits count.
    """
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if 0 < size < 10.0**-digits or size >= 1e9:
        return f"{value:.2e}"
    if 0 < size < 10.0 ** (1 - digits) and digits >= 4:
        return f"{value:.{digits + 1}f}"
    if size >= 1000:
        return f"{value:,.0f}" if size >= 10_000 or value == int(value) else f"{value:,.1f}"
    return f"{value:.{min(digits, 2) if size >= 10 else digits}f}"
