"""What stands between a client and a server, counts the requests that go through, and lets them wait."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle

_REQUEST = re.compile(rb"(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r\n")


@dataclass
class Proxy:
    """The address of a proxy, the requests so far, as ``GET /bucket/key``, and the seconds that each waits."""

    address: str
    requests: list[str] = field(default_factory=list)
    latency_s: float = 0.0

    @property
    def downloads(self) -> list[str]:
        """The objects that were read."""
        return [request[4:] for request in self.requests if request.startswith("GET ") and "?" not in request]


@contextmanager
def counting_proxy(*ports: int) -> Iterator[Proxy]:
    """A proxy of a port that speaks HTTP without encryption; of several ports each connection has the next."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = Proxy(f"http://127.0.0.1:{server.getsockname()[1]}")
        threading.Thread(target=_accept, args=(server, cycle(ports), proxy), daemon=True).start()
        yield proxy


def _accept(server: socket.socket, ports: Iterator[int], proxy: Proxy) -> None:
    with suppress(OSError):  # closed at the end
        while True:
            client, _ = server.accept()
            try:
                beyond = socket.create_connection(("127.0.0.1", next(ports)))
            except OSError:
                client.close()
                continue
            threading.Thread(target=_forward, args=(client, beyond, proxy), daemon=True).start()
            threading.Thread(target=_forward, args=(beyond, client, None), daemon=True).start()


def _forward(source: socket.socket, target: socket.socket, proxy: Proxy | None) -> None:
    with source, target, suppress(OSError):
        while data := source.recv(1 << 16):
            request = _REQUEST.match(data) if proxy is not None else None
            if proxy is not None and request is not None:
                proxy.requests.append(f"{request[1].decode()} {request[2].decode()}")
                time.sleep(proxy.latency_s)
            target.sendall(data)
