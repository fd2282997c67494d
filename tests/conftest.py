"""Real databases for every test: a SQLite file, a PostgreSQL database, each freshly migrated and empty.

One server runs per test run; each worker migrates one template per engine and clones it for each test.
"""

from __future__ import annotations

import base64
import functools
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# Databases of tests live in memory where the machine has such a folder: what they test does not depend on when a
# disk turns, and thousands of commits do.
_MEMORY = Path("/dev/shm")
FOLDER = _MEMORY if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 2**31 else None
_RUN_HOME = Path(tempfile.mkdtemp(prefix="onloan-test-", dir=FOLDER))
os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_RUN_HOME)
(_RUN_HOME / "static").mkdir()
os.environ["DJANGO_SETTINGS_MODULE"] = "onloan.settings"
os.environ["ONLOAN_HOME"] = str(_RUN_HOME)
os.environ["ONLOAN_MASTER_KEY"] = base64.b64encode(b"a key for tests, 32 bytes long..").decode()
os.environ["ONLOAN_TEST_MODE"] = "1"
os.environ.pop("DATABASE_URL", None)

import django  # noqa: E402

from onloan.translations import compile_catalogues  # noqa: E402

compile_catalogues()
django.setup()

from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from hypothesis import HealthCheck  # noqa: E402
from hypothesis import settings as examples  # noqa: E402

from onloan.offers import actions as offer_actions  # noqa: E402
from onloan.offers import texts as offer_texts  # noqa: E402
from onloan.settings import read_database  # noqa: E402
from tests.support import postgresql  # noqa: E402

# A test has no limit in time: how long an example takes says how busy the machine is.
examples.register_profile("onloan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("onloan")

_SERVER_VARIABLE = "ONLOAN_TEST_SERVER"
_server: postgresql.Server | None = None


def pytest_configure(config: pytest.Config) -> None:
    """The first process of the run starts the server; its workers find the address in the environment."""
    global _server
    if hasattr(config, "workerinput") or _SERVER_VARIABLE in os.environ:
        return
    _server = postgresql.start_server(FOLDER)
    if _server is not None:
        os.environ[_SERVER_VARIABLE] = _server.url


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        shutil.rmtree(_RUN_HOME, ignore_errors=True)
        return
    if _server is not None:
        postgresql.stop_server(_server)
        os.environ.pop(_SERVER_VARIABLE, None)
    shutil.rmtree(_RUN_HOME, ignore_errors=True)


def _remember(module: Any, name: str) -> None:
    """Keep for this process what a pure function gave for the same values. Half of all tests publish the shipped
    offer, which is read and checked three times and written in each language: a third of the whole run."""
    function: Callable[..., Any] = getattr(module, name)
    known: dict[str, Any] = {}

    def remembered(*values: Any) -> Any:
        key = repr(values)
        if key not in known:
            known[key] = function(*values)
        return known[key]

    setattr(module, name, remembered)


_remember(offer_actions, "check_text")
_remember(offer_texts, "render_all")


def use_database(url: str, home: Path) -> None:
    """Point this process, and the processes it starts, at another database and home."""
    connections.close_all()
    configured = read_database(url)
    defaults = {
        "ATOMIC_REQUESTS": False,
        "AUTOCOMMIT": True,
        "CONN_HEALTH_CHECKS": False,
        "TIME_ZONE": None,
        "HOST": "",
        "PORT": "",
        "USER": "",
        "PASSWORD": "",
        "TEST": {"CHARSET": None, "COLLATION": None, "MIGRATE": True, "MIRROR": None, "NAME": None},
    }
    connections.databases["default"] = {**defaults, **configured}
    if hasattr(connections._connections, "default"):
        del connections["default"]
    home.mkdir(parents=True, exist_ok=True)
    settings.HOME = home
    settings.EMAIL_FILE_PATH = str(home / "mail")
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    os.environ["DATABASE_URL"] = url
    os.environ["ONLOAN_HOME"] = str(home)
    _forget_cached()


def _forget_cached() -> None:
    """What a process may keep because it never changes does change when the database is exchanged; and how often
    somebody signed in lately is nothing that one test leaves to the next."""
    cache.clear()
    for clear in _find_cached(len(sys.modules)):
        clear()


@functools.lru_cache(maxsize=1)
def _find_cached(modules_count: int) -> list[Callable[[], None]]:
    """How each of our queries and statements forgets. Looked for again when more modules were imported."""
    return [
        value.cache_clear
        for name, module in list(sys.modules.items())
        if name.startswith("onloan.")
        for value in list(vars(module).values())
        if hasattr(value, "cache_clear") and getattr(value, "__module__", "").endswith(("queries", "statements"))
    ]


@pytest.fixture(scope="session")
def sqlite_template() -> Path:
    path = _RUN_HOME / "template.sqlite3"
    use_database(f"sqlite:///{path}", _RUN_HOME / "template-home")
    call_command("migrate", verbosity=0)
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()
    return path


@pytest.fixture
def sqlite_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty SQLite database in a file of its own."""
    with empty_database("sqlite", request, tmp_path) as url:
        yield url


def server_url() -> str:
    """The address of the run's PostgreSQL server; a test that needs one is skipped where there is none."""
    url = os.environ.get(_SERVER_VARIABLE)
    if not url:
        pytest.skip("no PostgreSQL here: neither TEST_DATABASE_URL, nor Debian's, nor the pgserver wheel")
    return url


def _on_server(statement: str) -> None:
    import psycopg

    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


@pytest.fixture(scope="session")
def postgresql_template() -> str:
    name = f"template_{uuid.uuid4().hex[:12]}"
    _on_server(f"CREATE DATABASE {name}")
    use_database(_url_of(name), _RUN_HOME / "template-home")
    call_command("migrate", verbosity=0)
    connections.close_all()
    return name


def _url_of(name: str) -> str:
    return server_url().rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture
def postgresql_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty PostgreSQL database, cloned for this test."""
    with empty_database("postgresql", request, tmp_path) as url:
        yield url


@contextmanager
def empty_database(engine: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of a migrated, empty database of an engine, which this process uses until the block ends.

    For fixtures that several tests share; a single test asks for ``sqlite_database`` or one of its neighbours.
    """
    template = request.getfixturevalue(f"{engine}_template")
    if engine == "sqlite":
        shutil.copyfile(template, folder / "onloan.sqlite3")
        url = f"sqlite:///{folder / 'onloan.sqlite3'}"
        use_database(url, folder / "home")
        yield url
        connections.close_all()
        return
    name = f"test_{uuid.uuid4().hex[:12]}"
    _on_server(f"CREATE DATABASE {name} TEMPLATE {template}")
    use_database(_url_of(name), folder / "home")
    yield _url_of(name)
    connections.close_all()
    _on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def both_databases(request: pytest.FixtureRequest) -> str:
    """Run the test on each engine."""
    url: str = request.getfixturevalue(f"{request.param}_database")
    return url
