"""One person sends so many photos an hour, asked before any of them is opened."""

from __future__ import annotations

from datetime import timedelta

import pytest

from onloan import clock
from onloan.people.errors import TooManyPhotos
from onloan.portal.uploads import PEOPLE_MAX, PHOTOS_PER_HOUR_MAX, WINDOW, Uploads


def test_it_admits_so_many_an_hour_of_each() -> None:
    uploads, now = Uploads(), clock.now()
    for _ in range(PHOTOS_PER_HOUR_MAX):
        uploads.admit("ana", now)
    with pytest.raises(TooManyPhotos):
        uploads.admit("ana", now + WINDOW - timedelta(seconds=1))
    uploads.admit("ben", now)
    uploads.admit("ana", now + WINDOW)


def test_it_remembers_a_bounded_number_of_people() -> None:
    uploads, now = Uploads(), clock.now()
    for number in range(PEOPLE_MAX + 5):
        uploads.admit(str(number), now)
    assert len(uploads._sent_at) == PEOPLE_MAX
