"""Numbers, shares and bins as a person reads them: "1,013", "0.4%", "4 to 6"."""

from __future__ import annotations

import math
from collections.abc import Sequence


def number(value: float) -> str:
    """Write a number with as many digits as help: four significant ones."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3g}"


def percent(share: float) -> str:
    """Write a share as a percentage, with a digit more where it is small."""
    if 0 < share < 0.001:
        return "<0.1%"
    return f"{share:.1%}" if 0 < share < 0.01 else f"{share:.0%}"


def bin_labels(edges: Sequence[float]) -> list[str]:
    """Name the bins between upper edges: "up to 3", "3 to 5", "above 5"; "= 0" for one value alone."""
    if not edges:
        return ["any value"]
    labels = []
    for index, edge in enumerate(edges):
        above = edges[index - 1] if index else None
        following = edges[index + 1] if index + 1 < len(edges) else None
        if above is not None and math.nextafter(edge, -math.inf) == above:
            labels.append(f"= {number(edge)}")
        elif following is not None and math.nextafter(following, -math.inf) == edge:
            labels.append(
                f"below {number(following)}" if above is None else f"{number(above)} to <{number(following)}"
            )
        else:
            labels.append(f"up to {number(edge)}" if above is None else f"{number(above)} to {number(edge)}")
    return [*labels, f"above {number(edges[-1])}"]
