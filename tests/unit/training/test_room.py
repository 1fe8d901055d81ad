from __future__ import annotations

import pytest

from pilothouse.errors import PilothouseError
from pilothouse.training.room import PER_CELL, require_room


def test_what_cannot_fit_is_refused_with_its_figures() -> None:
    require_room(1000, 20, free=1000 * 20 * PER_CELL)
    with pytest.raises(
        PilothouseError, match=r"20,000,000 rows of 20 columns .* 12\.0 GB .* 4\.0 GB"
    ) as caught:
        require_room(20_000_000, 20, free=4_000_000_000)
    assert "fewer rows" in caught.value.next


def test_small_data_always_fits() -> None:
    require_room(1000, 20)
