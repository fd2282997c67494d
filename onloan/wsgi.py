"""The WSGI application: the edge (link clicks, the gate later) in front, Django behind it."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onloan.settings")
django_application = get_wsgi_application()

from onloan.api.edge import Edge  # noqa: E402  (the edge reads settings, which must be there first)
from onloan.api.warming import warm_up  # noqa: E402

warm_up()
application = Edge(django_application)

if os.environ.get("ONLOAN_BACKGROUND"):
    # Set by `onloan serve` for its workers: importing this module elsewhere starts no threads.
    from onloan.jobs.background import start_background

    start_background(with_jobs=os.environ["ONLOAN_BACKGROUND"] == "jobs")
