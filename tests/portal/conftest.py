from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def _forget_language() -> Iterator[None]:
    """A request leaves its language behind in the thread."""
    yield
    translation.deactivate()
