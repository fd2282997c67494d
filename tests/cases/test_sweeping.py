"""What was erased is gone from the disk: database files, logs, media, and a backup once it is restored."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from onloan import clock
from onloan.cases import erased_tokens, sweeping
from onloan.cases.erasure_rules import GRACE
from onloan.cases.erasure_steps import erase_again, finish_erasures
from onloan.cases.models import Erasure
from onloan.cases.rules import Door
from onloan.cli.erasing import sweep
from onloan.people.changes import change_username
from onloan.people.models import CodeLookup, EmailLookup, Item, PersonKey
from onloan.people.queries import read_item
from tests.cases.readers import wait_for_readers
from tests.cases.test_erasing import ask
from tests.conftest import FOLDER, use_database
from tests.consents.world import ALL, add_person, build_world
from tests.support import postgresql

AFTER = GRACE[Door.MY_PAGE] + timedelta(minutes=1)
NAME = "Chloé Durand-Erased"


def list_ways(participant_id: object) -> list[bytes]:
    """Bytes that lead to this person: the key that opens what is sealed, and hashes by which they are found."""
    own = {"participant_id": participant_id}
    wrapped = [bytes(row) for row in PersonKey.objects.filter(**own).values_list("wrapped_key", flat=True)]
    hashes = [
        value.encode()
        for model in (EmailLookup, CodeLookup)
        for value in model._default_manager.filter(**own).values_list("value_hash", flat=True)
    ]
    assert wrapped and hashes
    return [*wrapped, *hashes]


def list_sealed(participant_id: object) -> list[bytes]:
    """The beginnings of their sealed items, which are noise once the key is gone."""
    rows = Item.objects.filter(participant_id=participant_id).values_list("ciphertext", flat=True)
    return [bytes(row)[:60] for row in rows]


def read_all(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.read_bytes()


def find_left(traces: list[bytes], folder: Path) -> set[bytes]:
    """Which of these bytes stand somewhere in the files of a folder."""
    return {trace for content in read_all(folder) for trace in traces if trace in content}


def test_sqlite_holds_nothing_of_it_in_any_file(sqlite_database: str) -> None:
    """The database, its log, and everything else in the home: keys, mails, the list of who was erased."""
    world = build_world()
    ana, _ben = add_person(world, ALL, name=NAME), add_person(world, ALL, name="Ben")
    change_username(participant_id=ana.id, username="Chloé Durand-Ny", now=clock.now())
    folder = Path(str(connection.settings_dict["NAME"])).parent
    traces = [*list_ways(ana.id), *list_sealed(ana.id)]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert find_left(traces, folder) == set(traces), "the search finds what is there"
    ask(ana.id)
    finish_erasures(now=clock.now() + AFTER)
    assert Erasure.objects.get().swept_at is not None
    assert find_left([*traces, NAME.encode(), "Chloé Durand-Ny".encode()], folder) == set()
    assert ana.id.hex not in (Path(settings.HOME) / erased_tokens.FILE_NAME).read_text()


@pytest.fixture
def own_server(postgresql_database: str, tmp_path: Path) -> Iterator[postgresql.Server]:
    """A server whose files are this test's alone, with the tables of a fresh installation."""
    server = postgresql.start_server(FOLDER)
    assert server is not None and server.binaries is not None
    schema = run(server, "pg_dump", "--format=custom", postgresql_database)
    use_database(server.url, tmp_path / "home")
    run(server, "pg_restore", "--dbname", server.url, given=schema)
    with psycopg.connect(server.url, autocommit=True) as admin:
        # Old files of the log go away instead of being written over some day, as docs/erasure.md advises.
        admin.execute("ALTER SYSTEM SET wal_recycle = off")
        admin.execute("SELECT pg_reload_conf()")
    yield server
    connections.close_all()
    postgresql.stop_server(server)


def run(server: postgresql.Server, program: str, *arguments: str, given: bytes | None = None) -> bytes:
    assert server.binaries is not None
    done = subprocess.run([server.binaries / program, *arguments], check=True, input=given, stdout=subprocess.PIPE)
    return done.stdout


def empty_log(server: postgresql.Server) -> None:
    """Begin a new file of the write-ahead log and drop the old ones, as time does."""
    with psycopg.connect(server.url, autocommit=True) as admin:
        for _ in range(2):
            admin.execute("SELECT pg_switch_wal()")
            admin.execute("CHECKPOINT")


def test_postgresql_holds_nothing_of_it_in_any_file(own_server: postgresql.Server) -> None:
    """Vacuum alone leaves the last rows of a page in its gap; so it is looked for among all bytes of the server,
    then again after a backup that was made before is restored. Sealed items may lie in a gap: nothing opens
    them."""
    assert own_server.folder is not None
    world = build_world()
    ben, ana = add_person(world, ALL, name="Ben"), add_person(world, ALL, name=NAME)
    traces, kept = list_ways(ana.id), list_ways(ben.id)
    backup = run(own_server, "pg_dump", "--format=custom", own_server.url)
    ask(ana.id)
    with psycopg.connect(own_server.url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM people_person_key")
        finish_erasures(now=clock.now() + AFTER)
        assert Erasure.objects.get().erased_at is not None
        assert Erasure.objects.get().swept_at is None, "somebody still reads as of before"
    finish_erasures(now=clock.now() + AFTER)
    assert Erasure.objects.get().swept_at is not None
    empty_log(own_server)
    assert find_left(traces, own_server.folder / "data") == set()
    assert find_left(kept, own_server.folder / "data") == set(kept), "and the others are all there"
    connections.close_all()
    run(own_server, "pg_restore", "--clean", "--dbname", own_server.url, given=backup)
    assert read_item(ana.id, "username") == NAME.encode(), "the backup brought them back"
    assert erase_again(now=clock.now() + AFTER) == 1 and erase_again(now=clock.now() + AFTER) == 0
    finish_erasures(now=clock.now() + AFTER)
    empty_log(own_server)
    assert find_left(traces, own_server.folder / "data") == set()


def test_a_restored_file_forgets_again(sqlite_database: str, tmp_path: Path) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    database = Path(str(connection.settings_dict["NAME"]))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(database, tmp_path / "backup.sqlite3")
    ask(ana.id)
    finish_erasures(now=clock.now() + AFTER)
    connections.close_all()
    for ending in ("", "-wal", "-shm"):
        Path(str(database) + ending).unlink(missing_ok=True)
    shutil.move(tmp_path / "backup.sqlite3", database)
    traces = [*list_ways(ana.id), *list_sealed(ana.id)]
    assert read_item(ana.id, "username") is not None, "the backup brought her back"
    assert erase_again(now=clock.now() + AFTER) == 1
    assert read_item(ana.id, "username") is None and read_item(ben.id, "username") is not None
    finish_erasures(now=clock.now() + AFTER)
    assert find_left(traces, database.parent) == set()


def test_a_table_that_somebody_holds_is_swept_later(postgresql_database: str) -> None:
    """Nobody waits for the sweep for long: it gives up, and the next run tries again."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with psycopg.connect(postgresql_database) as other:
            other.execute("LOCK TABLE people_person_key IN ACCESS SHARE MODE")
            held.set()
            release.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    try:
        assert not sweeping.sweep_traces()
    finally:
        release.set()
        holder.join()
    assert sweeping.sweep_traces()


def test_a_large_table_waits_for_a_quiet_hour(
    postgresql_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until then nothing is vacuumed each minute; what is swept then is written down then."""
    monkeypatch.setattr(sweeping, "REWRITE_BYTES_MAX", 0)
    wait_for_readers(monkeypatch)
    ana = add_person(build_world(), ALL)
    ask(ana.id)
    with CaptureQueriesContext(connection) as queries:
        finish_erasures(now=clock.now() + AFTER)
    assert not [query for query in queries.captured_queries if query["sql"].startswith("VACUUM")]
    assert Erasure.objects.get().swept_at is None
    sweep()
    assert capsys.readouterr().out == "Swept. Erasures that are past this step: 1.\n"
    assert Erasure.objects.get().swept_at is not None
    sweep()
    assert capsys.readouterr().out == "Swept. Erasures that are past this step: 0.\n"


def test_tables_whose_rows_leave_a_person_are_swept() -> None:
    assert "payouts_payment" in sweeping.REWRITTEN
    assert {"payouts_archive", "cases_restriction", "cases_erasure"} <= set(sweeping.VACUUMED)
