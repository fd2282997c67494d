"""Several people who join at once: threads of this process, or a process of its own.

Run as a module it says ``ready``, waits for a line, lets everybody join, and writes one result a line.
"""

from __future__ import annotations

import json
import sys
import threading
from uuid import UUID

from onloan.errors import OnloanError


def join_at_once(*, slug: str, country: str, version_id: UUID, names: list[str]) -> list[str]:
    """``joined`` or the error's code for each name; all begin at the same moment."""
    from django.db import connection

    from onloan import clock
    from onloan.joining.actions import JoinRequest, join
    from onloan.offers.queries import find_version

    permissions = find_version(version_id).offer.permissions
    start = threading.Barrier(len(names))
    results: dict[int, str] = {}

    def work(number: int, name: str) -> None:
        request = JoinRequest(
            offer_slug=slug, country=country, version_id=version_id, email=f"{name}@example.org", username=name,
            over_18=True, answers={permission.id: False for permission in permissions}, language="fr",
            page_hash="0" * 64, now=clock.now(),
        )  # fmt: skip
        start.wait()
        try:
            results[number] = "joined" if join(request=request).has_pot else "joined without a pot"
        except OnloanError as error:
            results[number] = error.code
        except Exception as error:
            results[number] = repr(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number, name)) for number, name in enumerate(names)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[number] for number in range(len(names))]


if __name__ == "__main__":
    import django

    django.setup()
    order = json.loads(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    found = join_at_once(
        slug=order["slug"], country=order["country"], version_id=UUID(order["version"]), names=order["names"]
    )
    print("\n".join(found), flush=True)
