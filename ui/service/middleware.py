"""Around every request: who may ask, what is counted, and that a mistake of ours is an answer too."""

import hmac
import logging
import os
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.service.errors import RefusedError, refusal
from ui.service.local_hosts import is_local
from ui.service.metrics import Metrics

logger = logging.getLogger(__name__)

# Pages of other sites may not show our pictures, and a browser may not take an answer for something else.
_HEADERS = {"Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}


class Guard:
    """Lets requests through that may ask.

    Args:
        app: what answers.
        metrics: count.
        token: the word that every request has to know; None where nobody is asked for it.
        local: only requests to this machine by one of its own names are let in, so that a page of the web that makes
            its name point here cannot read the answers.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, token: str | None, *, local: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._token = token
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        try:
            self._require_known(Headers(scope=scope))
            await self._app(scope, receive, sent)
        except RefusedError as refused:
            await refusal(refused.status, str(refused), refused.headers)(scope, receive, sent)
        except Exception as error:
            if os.environ.get("ENGINE_DEBUG"):
                logger.exception("A mistake of ours")
            logger.error("A mistake of ours at %s: %s: %s", scope["path"], type(error).__name__, error)
            if not status:
                sentence = f"This should not happen ({type(error).__name__}); what happened is in the service's log."
                await refusal(500, sentence)(scope, receive, sent)
        finally:
            self._metrics.count(_endpoint(scope), status, time.perf_counter() - began)

    def _require_known(self, headers: Headers) -> None:
        if headers.get("sec-fetch-site") == "cross-site":
            raise RefusedError(403, "A page of another site asks, which the service does not answer.")
        if self._local and not is_local(_name_of(headers.get("host", ""))):
            raise RefusedError(
                400, "The service answers under the names of this machine alone: localhost or 127.0.0.1."
            )
        if self._token is None:
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token.encode()):
            raise RefusedError(
                401, "The service asks for a token: send the header Authorization: Bearer TOKEN.",
                {"WWW-Authenticate": "Bearer"},
            )  # fmt: skip


def _name_of(host: str) -> str:
    """A host without its port.

    >>> _name_of("localhost:8000"), _name_of("[::1]:8000"), _name_of("127.0.0.1")
    ('localhost', '[::1]', '127.0.0.1')
    """
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() and not host.endswith("]") else host.lower()


def _endpoint(scope: Scope) -> str:
    """The address as it is documented, so that there are not as many as photos."""
    return str(getattr(scope.get("route"), "path", "other"))
