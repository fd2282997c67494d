"""One real PostgreSQL server for a test run: given, Debian's, or the one in the ``pgserver`` wheel."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """A running server; ``url`` names its maintenance database. ``folder`` is None when it was given."""

    url: str
    folder: Path | None
    binaries: Path | None
    user: str | None


def find_binaries() -> Path | None:
    """The folder that holds ``initdb``, newest version first; None where no PostgreSQL is to be had."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    try:
        import pgserver
    except ImportError:
        return None
    folder = Path(pgserver.__file__).parent / "pginstall" / "bin"
    return folder if (folder / "initdb").exists() else None


def start_server(parent: Path | None = None, *, is_durable: bool = False) -> Server | None:
    """Start a server in a folder of its own. Root may not run one, so another user does, in a copy if needed.

    ``parent``: where the folder is made; the machine's temporary folder when None. ``is_durable``: every commit
    reaches the disk, as a benchmark must; tests of what a killed *process* loses do not need it, as the server
    itself lives on.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return Server(given, None, None, None)
    binaries = find_binaries()
    if binaries is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="onloan-postgresql-", dir=parent))
    folder.chmod(0o755)
    user = _other_user() if os.geteuid() == 0 else None
    if user and "pginstall" in str(binaries):
        # The wheel lies under a folder that the other user may not enter; rights are not widened for it.
        shutil.copytree(binaries.parent, folder / "pginstall", symlinks=True)
        binaries = folder / "pginstall" / "bin"
    data = folder / "data"
    data.mkdir(mode=0o700)
    if user:
        shutil.chown(data, user)
        shutil.chown(folder, user)
    port = _free_port()
    _run(
        [
            str(binaries / "initdb"),
            "-D",
            str(data),
            "-U",
            "onloan",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ],
        user,
    )
    speed = "" if is_durable else "-c fsync=off -c full_page_writes=off"
    watch = "-c shared_preload_libraries=pg_stat_statements" if is_durable else ""
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} {speed} {watch} "
        "-c max_connections=500 -c shared_buffers=128MB"
    )
    _run(
        [str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(data / "log"), "-o", options, "start"],
        user,
    )
    return Server(f"postgresql://onloan@127.0.0.1:{port}/postgres", folder, binaries, user)


def stop_server(server: Server) -> None:
    if server.folder is None or server.binaries is None:
        return
    command = [str(server.binaries / "pg_ctl"), "-D", str(server.folder / "data"), "-m", "immediate", "stop"]
    _run(command, server.user)
    shutil.rmtree(server.folder, ignore_errors=True)


def _other_user() -> str:
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise RuntimeError("root cannot run PostgreSQL and there is no other user")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _run(command: list[str], user: str | None) -> None:
    done = subprocess.run(  # noqa: S603
        command,
        user=user,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": "/tmp"},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr[-500:]}")
