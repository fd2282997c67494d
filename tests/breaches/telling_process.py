"""A process that tells people one by one, says how many it told, and may be killed at any moment.

``python -m tests.breaches.telling_process NOW`` waits for a line on its standard input before each person, so that
whoever kills it knows that it cannot be done yet.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime

os.environ["DJANGO_SETTINGS_MODULE"] = "onloan.settings"

import django

django.setup()

from onloan.breaches.telling import tell_people  # noqa: E402

if __name__ == "__main__":
    told_at = datetime.fromisoformat(sys.argv[1])
    sys.stdin.readline()
    while tell_people(now=told_at, limit=1):
        print("told", flush=True)
        sys.stdin.readline()
