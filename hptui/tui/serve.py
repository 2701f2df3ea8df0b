"""The screens in a browser through textual-serve, bound to loopback; with a token where keys may change something."""

from __future__ import annotations

import os
import secrets
import shlex
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hptui.model.errors import MachineError, Unsupported

HOST = "127.0.0.1"
COOKIE = "hptui"
POLICY = (
    "default-src 'self' data:; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' ws:; frame-ancestors 'none'"
)
"""The page fetches nothing from elsewhere: textual-serve's own would tell a font server who looks at what."""


def serve(home: Path, port: int, *, write: bool = False, told: Callable[[str], None] | None = None) -> int:
    """Serve until interrupted. Read-only unless `write`; then nothing is answered without the token of this start."""
    try:
        from textual_serve.server import Server
    except ImportError:
        raise Unsupported("the browser needs textual-serve", hint="pip install 'hptui[serve]'") from None
    _free(port)
    token = secrets.token_urlsafe(24) if write else ""
    words = [sys.executable, "-P", "-m", "hptui", "--home", str(home)]
    command = shlex.join([*words, "open", *([] if write else ["--readonly"])])

    class Guarded(Server):  # type: ignore[misc]  # textual-serve has no types
        """A server that answers only who knows the token."""

        async def _make_app(self) -> Any:
            app = await super()._make_app()
            app.middlewares.insert(0, guard(token, {f"{HOST}:{port}", f"localhost:{port}"}))
            return app

    package = str(Path(__file__).parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
    address = f"http://{HOST}:{port}/" + (f"?token={token}" if token else "")
    (told or _tell)(address)
    Guarded(command, host=HOST, port=port, title="hptui").serve()
    return 0


def _tell(address: str) -> None:
    kind = "with this token alone" if "token=" in address else "read-only"
    sys.stderr.write(f"hptui in a browser, {kind}: {address}\n")
    sys.stderr.flush()


def guard(token: str, hosts: set[str]) -> Any:
    """Middleware: only requests for this very address, from no other site, and with the token where there is one.

    The token of the address becomes a cookie. Other sites' pages reach loopback through the browser of who visits them.
    """
    from aiohttp import web

    @web.middleware
    async def check(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        origin = request.headers.get("Origin", "")
        if request.host not in hosts or (origin and origin.partition("://")[2] not in hosts):
            return web.Response(status=403, text="this is for the machine's own loopback address alone\n")
        given, known = request.query.get("token", ""), request.cookies.get(COOKIE, "")
        if token and secrets.compare_digest(given.encode(), token.encode()):
            answer = web.HTTPFound("/")
            answer.set_cookie(COOKIE, token, httponly=True, samesite="Strict")
            raise answer
        if token and not secrets.compare_digest(known.encode(), token.encode()):
            return web.Response(status=403, text="this address needs the token that hptui serve has printed\n")
        answer = await handler(request)
        if not answer.prepared:
            answer.headers["Content-Security-Policy"] = POLICY
        return answer

    return check


def _free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise MachineError(f"port {port} is taken: {error.strerror}", hint="choose another with --port") from None
