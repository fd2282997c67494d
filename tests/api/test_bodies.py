"""What is sent is read in bounded time, memory and threads: over sockets, and by the real server."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, cast

import pytest
from django.conf import settings

from onloan.api.bodies import BYTES_PER_SECOND_MIN, LARGE_BODIES_MAX, SMALL_BYTES_MAX, BodyReader, bytes_to_read
from onloan.cli.serve import WAITING_THREADS_PER_WORKER
from onloan.errors import BodySlow, Busy, OnloanError
from tests.api.serving import Served, serving

GIVE_UP_SECONDS = 120
HELD_MAX = 75
FORM = "application/x-www-form-urlencoded"
CSRF = "abcdefghijklmnopqrstuvwxyzabcdef"


@contextmanager
def line() -> Iterator[tuple[socket.socket, BinaryIO]]:
    """One end to send from, and a reader that waits for all of it or the end, as the server's does."""
    far, near = socket.socketpair()
    with far, near, near.makefile("rb") as reader:
        yield far, cast(BinaryIO, reader)


def test_it_reads_all_of_a_body_and_no_more() -> None:
    with line() as (far, reader):
        far.sendall(b"email=ana" + b"next")
        assert BodyReader(waiting_max=1).read(reader, 9) == b"email=ana"
        assert BodyReader(waiting_max=1, direct_max=1, direct_bytes_max=4).read(reader, 4) == b"next"


@pytest.mark.parametrize("direct_max", [0, 1])
def test_a_body_whose_sender_hangs_up_is_not_taken_for_whole(direct_max: int) -> None:
    with line() as (far, reader):
        far.sendall(b"email=a")
        far.shutdown(socket.SHUT_WR)
        with pytest.raises(BodySlow):
            BodyReader(waiting_max=1, direct_max=direct_max, direct_bytes_max=1_000).read(reader, 1_000)


def test_it_does_not_wait_for_ever_and_has_its_place_back() -> None:
    bodies = BodyReader(waiting_max=1, grace_seconds=0.05)
    for _ in range(3):
        with line() as (far, reader):
            far.sendall(b"email=a")
            with pytest.raises(BodySlow):
                bodies.read(reader, 1_000)
            # What is left behind ends with the connection.
            far.close()


def test_a_slow_line_is_waited_for_while_enough_comes() -> None:
    """What came first is worth a minute and more; the first seconds are over before the rest comes."""
    first, rest = bytes(BYTES_PER_SECOND_MIN * 100), b"the end"
    with line() as (far, reader), ThreadPoolExecutor(1) as pool:

        def send() -> None:
            far.sendall(first)
            time.sleep(0.3)
            far.sendall(rest)

        sent = pool.submit(send)
        body = BodyReader(waiting_max=1, grace_seconds=0.05).read(reader, len(first) + len(rest))
        sent.result()
    assert body == first + rest


def test_only_so_many_are_waited_for_at_once() -> None:
    bodies = BodyReader(waiting_max=1)
    with line() as (far, reader), line() as (other_far, other_reader), ThreadPoolExecutor(1) as pool:
        far.sendall(b"a")
        held = pool.submit(bodies.read, reader, 2)
        other_far.sendall(b"b")
        for _ in range(1_000):
            try:
                bodies.read(other_reader, 1)
            except Busy:
                break
            other_far.sendall(b"b")
        else:
            raise AssertionError("the place was never taken")
        far.sendall(b"a")
        assert held.result(GIVE_UP_SECONDS) == b"aa"
        assert bodies.read(other_reader, 1) == b"b"


def test_only_so_many_large_bodies_are_held_at_once() -> None:
    bodies = BodyReader(waiting_max=1)
    with ExitStack() as held:
        for _ in range(LARGE_BODIES_MAX):
            held.enter_context(bodies.room_for(SMALL_BYTES_MAX + 1))
        with pytest.raises(Busy), bodies.room_for(SMALL_BYTES_MAX + 1):
            pass
        with bodies.room_for(SMALL_BYTES_MAX):
            pass
    with bodies.room_for(SMALL_BYTES_MAX + 1):
        pass


@pytest.mark.parametrize(
    ("method", "kind", "length", "expected"),
    [
        ("POST", FORM, "1000", 1_000), ("POST", FORM, "", 0), ("POST", FORM, "-1", 0), ("POST", FORM, "x", 0),
        ("GET", FORM, "1000", 0), ("HEAD", FORM, "1000", 0), ("DELETE", "", "10", 10),
        ("POST", FORM, str(SMALL_BYTES_MAX + 1), 0),
        ("POST", "Multipart/Form-Data; boundary=x", str(settings.FORM_BYTES_MAX), settings.FORM_BYTES_MAX),
        ("POST", "multipart/form-data; boundary=x", str(settings.FORM_BYTES_MAX + 1), 0),
    ],
)  # fmt: skip
def test_it_reads_only_what_django_would(method: str, kind: str, length: str, expected: int) -> None:
    environ = {"REQUEST_METHOD": method, "CONTENT_TYPE": kind, "CONTENT_LENGTH": length}
    assert bytes_to_read(environ) == expected


@pytest.mark.parametrize("error", [BodySlow, Busy])
def test_the_errors_are_of_the_house(error: type[OnloanError]) -> None:
    assert str(error())


def half_sent(served: Served, path: str, kind: str) -> socket.socket:
    """A request whose body never comes whole."""
    held = socket.create_connection(("127.0.0.1", served.port), timeout=GIVE_UP_SECONDS)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: 1000\r\n"
        f"Cookie: csrftoken={CSRF}\r\nAuthorization: Bearer nobody\r\nIdempotency-Key: held\r\n\r\n"
    )
    held.sendall(head.encode() + b"email=a")
    return held


def ask(served: Served, method: str, path: str, body: str | None = None) -> tuple[int, dict[str, str]]:
    """Status and headers; waits until the server answers."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=GIVE_UP_SECONDS)
    try:
        headers = {"Content-Type": FORM, "Cookie": f"csrftoken={CSRF}"} if body is not None else {}
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, dict(answer.getheaders())
    finally:
        connection.close()


@pytest.mark.slow
def test_pages_links_and_the_gate_answer_while_forms_are_held_half_sent(sqlite_database: str) -> None:
    form = f"csrfmiddlewaretoken={CSRF}&email=nobody"
    with serving(sqlite_database, WAITING_THREADS_PER_WORKER) as served, ExitStack() as closing:
        held = [closing.enter_context(half_sent(served, "/en/signin/", FORM)) for _ in range(2)]
        assert ask(served, "GET", "/en/status/")[0] == 200
        assert ask(served, "POST", "/en/signin/", form)[0] == 422
        for _ in range(HELD_MAX):
            held.append(closing.enter_context(half_sent(served, "/en/signin/", FORM)))
            held.append(closing.enter_context(half_sent(served, "/api/v1/events", "application/json")))
        assert ask(served, "GET", "/l/ABCDEFG")[0] == 303
        assert ask(served, "GET", "/en/status/")[0] == 200
        # An unknown key: the gate reads the question and answers.
        headers = {"Authorization": "Bearer nobody", "Idempotency-Key": "one"}
        assert served.post("/api/v1/uses", {}, headers)[0] == 422
        # One that found a place is told after its time; one that found none is told at once.
        assert {answer_of(one)[0] for one in held} == {408, 503}
        assert ask(served, "POST", "/en/signin/", form)[0] == 422


@pytest.mark.slow
def test_links_and_forms_answer_while_questions_to_the_gate_are_held_half_sent(sqlite_database: str) -> None:
    with serving(sqlite_database, WAITING_THREADS_PER_WORKER) as served, ExitStack() as closing:
        for _ in range(HELD_MAX):
            closing.enter_context(half_sent(served, "/api/v1/uses", "application/json"))
        assert ask(served, "GET", "/l/ABCDEFG")[0] == 303
        assert ask(served, "GET", "/en/status/")[0] == 200
        assert ask(served, "POST", "/en/signin/", f"csrfmiddlewaretoken={CSRF}&email=nobody")[0] == 422


def answer_of(held: socket.socket) -> tuple[int, bytes]:
    """Status and head of an answer that the server gives while it still waits for the rest."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = held.recv(65_536)
        assert part, "the server hung up without an answer"
        received += part
    return int(received.split(b" ", 2)[1]), received
