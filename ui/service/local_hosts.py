"""The names and addresses of this machine that no other machine can use."""

import ipaddress


def is_local(host: str) -> bool:
    """Whether a name or an address is of this machine alone.

    >>> is_local("localhost"), is_local("127.0.0.2"), is_local("::1"), is_local("[::1]")
    (True, True, True, True)
    >>> is_local("0.0.0.0"), is_local("nas.local")
    (False, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
