"""Photos and names at ``/i/…``: shown while the use holds, gone in the same second, and never to a robot."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from PIL import Image

from onloan import clock, db
from onloan.api.edge import Edge
from onloan.api.serve_item import ItemServer
from onloan.batching import Overloaded
from onloan.consents.actions import answer_permission, stop_consents, withdraw_permission
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.evidence.models import QueuedEntry
from onloan.people.actions import remove_photo, set_flag
from onloan.people.changes import change_photo
from onloan.people.models import Participant
from onloan.people.photos import prepare_photo
from onloan.uses import serving as serving_module
from onloan.uses.actions import decide_use
from onloan.uses.addresses import ItemAddress, use_path
from onloan.uses.models import Serving, Use
from onloan.uses.queries import find_served_days, is_use_live
from onloan.uses.serving import PhotoSizes, ServedItem, make_smaller, serve_items
from tests.consents.world import ALL, NAME, PHOTO, WALL, Person, World, add_person, build_world, set_market_state
from tests.support.photos import portrait_png

pytestmark = pytest.mark.usefixtures("both_databases")

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
DAY_SECONDS = 86_400
CARD = {"purpose": "referral_card", "channel": "invitation_page", "country": "FR"}
WALL_USE = {"purpose": "winner_wall", "channel": "winners_page", "country": "FR"}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def shows_nobody(self) -> bool:
        return self.headers["Content-Type"] == "image/svg+xml" and b"<svg" in self.body


def view(edge: Edge, path: str, method: str = "GET", **environ: str) -> Answer:
    seen: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        names = [name for name, _ in headers]
        assert len(names) == len(set(names)), "a header stands once"
        seen.extend([status, dict(headers)])

    sent = {"PATH_INFO": path, "REQUEST_METHOD": method, "HTTP_USER_AGENT": PHONE, **environ}
    body = b"".join(edge(sent, start_response))
    return Answer(int(seen[0].split()[0]), seen[1], body)


def no_django(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    raise AssertionError("the edge answers by itself")


@pytest.fixture
def edge() -> Iterator[Edge]:
    made = Edge(no_django)
    # In this thread, whose connection leads to this test's database: see tests/client.
    made.items = ItemServer(lambda address: serve_items([address])[0])
    yield made
    made.items.servings.close()


@pytest.fixture
def world(both_databases: str) -> World:
    return build_world()


@pytest.fixture
def ana(world: World) -> Person:
    return add_person(world, ALL, name="Chloé", photo=prepare_photo(portrait_png(400, 500)))


def allow(person: Person, *items: str, **changes: Any) -> uuid.UUID:
    decision = decide_use(participant_id=person.id, items=items, **{**CARD, **changes})
    assert decision.allowed and decision.use_id is not None, decision.reason
    return decision.use_id


def photo_path(person: Person, width: int | None = None) -> str:
    return use_path(allow(person, "profile_photo"), "profile_photo", width)


def test_it_shows_the_photo_as_it_is_kept(edge: Edge, ana: Person) -> None:
    answer = view(edge, photo_path(ana))
    assert answer.status == 200
    assert answer.body == prepare_photo(portrait_png(400, 500))
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("width", [64, 128, 256, 512])
def test_it_shows_it_smaller_and_never_larger(edge: Edge, ana: Person, width: int) -> None:
    path = photo_path(ana, width)
    for _ in range(2):
        answer = view(edge, path)
        with Image.open(io.BytesIO(answer.body)) as shown:
            assert shown.format == "JPEG"
            assert max(shown.size) == min(width, 500)
            assert shown.size[0] / shown.size[1] == pytest.approx(0.8, abs=0.02)


def test_it_shows_texts_as_the_use_names_them(edge: Edge, ana: Person) -> None:
    name = view(edge, use_path(allow(ana, "username"), "username"))
    assert (name.status, name.body.decode()) == (200, "Chloé")
    assert name.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert name.headers["Access-Control-Allow-Origin"] == "*"
    use_id = allow(ana, "username_masked", "profile_photo", **WALL_USE)
    assert view(edge, use_path(use_id, "username_masked")).body.decode().startswith("C•••")
    assert view(edge, use_path(use_id, "profile_photo")).status == 200
    # The whole name is another item, and this use does not have it.
    assert view(edge, use_path(use_id, "username")).status == 404


def test_a_browser_that_has_it_asks_again_each_time(edge: Edge, ana: Person) -> None:
    path = photo_path(ana, 128)
    tag = view(edge, path).headers["ETag"]
    again = view(edge, path, HTTP_IF_NONE_MATCH=f'"other", W/{tag}')
    assert (again.status, again.body) == (304, b"")
    assert "Content-Length" not in again.headers
    change_photo(participant_id=ana.id, photo=prepare_photo(portrait_png(100, 100)), now=clock.now())
    assert view(edge, path, HTTP_IF_NONE_MATCH=tag).status == 200
    withdraw_permission(participant_id=ana.id, permission_id=PHOTO, now=clock.now())
    assert view(edge, path, HTTP_IF_NONE_MATCH=tag).status == 410


def withdraw(ana: Person) -> None:
    withdraw_permission(participant_id=ana.id, permission_id=PHOTO, now=clock.now())


def object_to_it(ana: Person) -> None:
    set_flag(participant_id=ana.id, flag="objected", now=clock.now())


def restrict(ana: Person) -> None:
    set_flag(participant_id=ana.id, flag="restricted", now=clock.now())


def stop_all(ana: Person) -> None:
    stop_consents(participant_id=ana.id, reason="erased", now=clock.now())


def erase(ana: Person) -> None:
    Participant.objects.filter(id=ana.id).update(erased_at=clock.now())


def suspend(ana: Person) -> None:
    set_market_state(ana.market_id, "suspended")


def expire(ana: Person) -> None:
    clock.advance(182 * DAY_SECONDS)


def end_use(ana: Person) -> None:
    Use.objects.filter(participant_id=ana.id).update(ended_at=clock.now() + timedelta(seconds=1))


def take_photo_out(ana: Person) -> None:
    remove_photo(participant_id=ana.id)


@pytest.mark.parametrize(
    "stop", [withdraw, object_to_it, restrict, stop_all, erase, suspend, expire, end_use, take_photo_out]
)
def test_it_is_gone_at_once(edge: Edge, ana: Person, stop: Callable[[Person], None]) -> None:
    use_id = allow(ana, "profile_photo")
    path = use_path(use_id, "profile_photo", 256)
    assert view(edge, path).status == 200
    stop(ana)
    answer = view(edge, path)
    assert answer.status == 410
    assert answer.shows_nobody
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert is_use_live(use_id) is (stop is take_photo_out)


def test_what_is_gone_looks_the_same_whatever_the_reason(edge: Edge, world: World) -> None:
    """Why somebody does not show their photo is their own affair."""
    seen = set()
    for stop in (withdraw, object_to_it, restrict, erase, take_photo_out):
        person = add_person(world, ALL, photo=prepare_photo(portrait_png()))
        path = photo_path(person)
        stop(person)
        answer = view(edge, path)
        seen.add((answer.status, answer.body, tuple(sorted(answer.headers.items()))))
    assert len(seen) == 1


def test_a_name_that_is_gone_is_an_empty_text(edge: Edge, ana: Person) -> None:
    path = use_path(allow(ana, "username"), "username")
    withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now())
    answer = view(edge, path)
    assert (answer.status, answer.body) == (410, b"")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_another_permission_goes_on(edge: Edge, ana: Person) -> None:
    wall = use_path(allow(ana, "profile_photo", **WALL_USE), "profile_photo")
    withdraw(ana)
    assert view(edge, wall).status == 200
    withdraw_permission(participant_id=ana.id, permission_id=WALL, now=clock.now())
    assert view(edge, wall).status == 410


def test_what_is_allowed_anew_needs_a_new_use(edge: Edge, ana: Person) -> None:
    path = photo_path(ana)
    withdraw(ana)
    answer_permission(
        participant_id=ana.id, permission_id=PHOTO, answer=True, language="en", page_hash="0" * 64, now=clock.now()
    )
    assert view(edge, path).status == 410
    assert view(edge, photo_path(ana)).status == 200


def test_a_use_that_was_denied_shows_nothing(edge: Edge, ana: Person) -> None:
    decision = decide_use(participant_id=ana.id, items=("profile_photo",), **{**CARD, "channel": "shop_app"})
    assert decision.use_id is not None and not decision.allowed
    assert view(edge, use_path(decision.use_id, "profile_photo")).status == 410


@pytest.mark.parametrize(
    "agent",
    [
        "WhatsApp/2.24",
        "facebookexternalhit/1.1",
        "Mozilla/5.0 (compatible; Googlebot/2.1)",
        "curl/8.5",
        "",
        "Slackbot",
    ],
)
def test_robots_always_get_the_picture_of_nobody(edge: Edge, ana: Person, agent: str) -> None:
    path = photo_path(ana)
    answer = view(edge, path, HTTP_USER_AGENT=agent)
    assert answer.status == 200
    assert answer.shows_nobody
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Cache-Control"] == "no-store"
    edge.items.servings.close()
    assert not Serving.objects.exists()


def test_prefetches_and_heads_get_it_too(edge: Edge, ana: Person) -> None:
    path = photo_path(ana)
    assert view(edge, path, HTTP_SEC_PURPOSE="prefetch;prerender").shows_nobody
    head = view(edge, path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Type"] == "image/svg+xml"


def test_the_picture_of_nobody_has_no_words(edge: Edge, ana: Person) -> None:
    path = photo_path(ana, 64)
    withdraw(ana)
    drawing = view(edge, path).body.decode()
    assert "<text" not in drawing and "<title" not in drawing
    assert 'width="64"' in drawing


WRONG = [
    "/i/",
    "/i/x/profile_photo.jpg",
    "/i/{token}/profile_photo.png",
    "/i/{token}/profile_photo-100.jpg",
    "/i/{token}/profile_photo.txt",
    "/i/{token}/username.jpg",
    "/i/{token}/username-64.txt",
    "/i/{token}/payee_account.txt",
    "/i/{token}/email.txt",
    "/i/{token}/profile_photo.jpg/",
    "/i/{token}/../profile_photo.jpg",
    "/i/{token}x/profile_photo.jpg",
    "/i/{token}/profile_photo-٦٤.jpg",
]


@pytest.mark.parametrize("path", WRONG)
def test_it_knows_only_its_own_addresses(edge: Edge, ana: Person, path: str) -> None:
    token = photo_path(ana).split("/")[2]
    assert view(edge, path.format(token=token)).status == 404


def test_no_token_can_be_made_up(edge: Edge, ana: Person) -> None:
    path = photo_path(ana)
    prefix, token = path[:3], path.split("/")[2]
    for place in range(len(token)):
        other = "B" if token[place] == "A" else "A"
        changed = token[:place] + other + token[place + 1 :]
        assert view(edge, f"{prefix}{changed}/profile_photo.jpg").status == 404, place
    assert view(edge, path).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_is_for_reading_only(edge: Edge, ana: Person, method: str) -> None:
    answer = view(edge, photo_path(ana), method)
    assert (answer.status, answer.body, answer.headers["Allow"]) == (405, b"", "GET, HEAD")


def test_it_shows_nothing_while_the_log_is_behind(
    edge: Edge, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = photo_path(ana)
    QueuedEntry.objects.update(queued_at=clock.now() - timedelta(minutes=1))
    # As when the seat is taken by somebody who does not move.
    monkeypatch.setattr(serving_module, "number_entries", lambda **_: None)
    answer = view(edge, path)
    assert answer.status == 503
    assert answer.shows_nobody
    assert answer.headers["Retry-After"] == "5"
    monkeypatch.undo()
    # Nobody sat there: then the entries are numbered on the way.
    assert view(edge, path).status == 200
    assert log.count_waiting() == 0


def test_it_shows_nothing_while_the_database_is_away(edge: Edge, ana: Person) -> None:
    path = photo_path(ana)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE people_item RENAME TO elsewhere")
    answer = view(edge, path)
    assert answer.status == 503
    assert answer.shows_nobody
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE elsewhere RENAME TO people_item")
    assert view(edge, path).status == 200


def test_it_says_so_when_too_much_waits(edge: Edge, ana: Person) -> None:
    def overloaded(_: ItemAddress) -> ServedItem:
        raise Overloaded

    edge.items = ItemServer(overloaded)
    assert view(edge, photo_path(ana)).status == 503


def test_views_are_counted_by_use_and_day(edge: Edge, ana: Person) -> None:
    first, second = allow(ana, "profile_photo"), allow(ana, "profile_photo")
    path = use_path(first, "profile_photo")
    tag = view(edge, path).headers["ETag"]
    view(edge, path, HTTP_IF_NONE_MATCH=tag)
    view(edge, use_path(first, "profile_photo", 64))
    view(edge, path, HTTP_USER_AGENT="curl/8")
    edge.items.servings.flush()
    today = clock.now().date()
    clock.advance(3 * DAY_SECONDS)
    view(edge, path)
    view(edge, use_path(second, "username"))
    edge.items.servings.close()
    days = find_served_days(ana.id, [first, second])
    assert days.keys() == {first}
    assert (days[first].first_day, days[first].last_day, days[first].count) == (
        today, today + timedelta(days=3), 4,
    )  # fmt: skip


def test_one_statement_asks_about_many_uses(ana: Person, world: World) -> None:
    people = [add_person(world, ALL, photo=prepare_photo(portrait_png())) for _ in range(5)]
    addresses = [ItemAddress(allow(person, "profile_photo"), "profile_photo", None) for person in [*people, ana]]
    withdraw(people[0])
    seen: list[str] = []
    real = db.fetch_all

    def counting(sql: str, values: Any = ()) -> Any:
        seen.append(sql)
        return real(sql, values)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(db, "fetch_all", counting)
        answers = serve_items(addresses)
    assert [answer.shown.value for answer in answers] == ["gone", *["yes"] * 5]
    assert len(seen) == 2


def test_small_photos_are_forgotten_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr(serving_module.time, "monotonic", lambda: now[0])
    made: list[int] = []

    def counting(photo: bytes, width: int) -> bytes:
        made.append(width)
        return make_smaller(photo, width)

    monkeypatch.setattr(serving_module, "make_smaller", counting)
    sizes, photo = PhotoSizes(), prepare_photo(portrait_png())
    assert sizes.resize(photo, 64) == sizes.resize(photo, 64)
    assert made == [64]
    now[0] += 59.0
    sizes.resize(photo, 128)
    now[0] += 2.0
    sizes.forget_old()
    assert [width for _, width in sizes._made] == [128]
    sizes.resize(photo, 64)
    assert made == [64, 128, 64]


def test_a_server_of_items_can_be_made_without_a_database() -> None:
    assert ItemServer().servings.flush() == 0


def test_the_log_has_the_use_and_not_the_views(edge: Edge, ana: Person) -> None:
    path = photo_path(ana)
    number_entries()
    size = log.read_checkpoint().size
    for _ in range(3):
        view(edge, path)
    number_entries()
    assert log.read_checkpoint().size == size
