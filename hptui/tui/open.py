"""Opens the screens in a terminal, or serves them to a browser through textual-serve, on the loopback interface only.

Each request needs the token of this start; in a browser the screens are read-only without `--write`."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hptui.core.errors import MachineError, Unsupported
from hptui.store.paths import StudyDir
from hptui.tui.config import Config, resolved_config

TEXT_COMMANDS_HINT = (
    "as text the same say: hptui status, hptui trials STUDY, hptui show STUDY TRIAL, hptui log STUDY TRIAL -f"
)
"""Hint of the error for a terminal that cannot show the screens."""


def terminal_problem() -> str:
    """Return why this terminal cannot show the screens, or ''."""
    if os.environ.get("TEXTUAL_DRIVER"):  # textual-serve: a browser is the terminal
        return ""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "the screens need a terminal"
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        return f"the screens need a terminal that can move its cursor, and TERM is {os.environ.get('TERM', '')!r}"
    return ""


def open_screens(home: Path, config: Config, study: StudyDir | None = None) -> int:
    """Show the screens until the user leaves; return the exit code.

    Raises: Unsupported if this terminal cannot show them.
    """
    if problem := terminal_problem():
        raise Unsupported(problem, hint=TEXT_COMMANDS_HINT)
    config = resolved_config(config)
    for name in ("COLUMNS", "LINES"):
        # What another program has exported here would hide the terminal's size, also after it was changed.
        os.environ.pop(name, None)
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if config.slow:
        os.environ.setdefault("TEXTUAL_FPS", "10")
        os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    # Textual reads these variables when it is imported, so it is imported after they are set.
    from hptui.tui.app import HptuiApp

    app = HptuiApp(home, config, study=study)
    message = app.run(mouse=config.mouse)
    if message:
        sys.stderr.write(f"{message}\n")
    return app.return_code or 0


HOST = "127.0.0.1"
"""The loopback address, the only one that is served."""
LOOPBACK_NAMES = (HOST, "localhost", "[::1]")
"""Names by which a browser asks for this machine, or for its end of a tunnel."""
TOKEN_COOKIE = "hptui"  # noqa: S105
"""Name of the cookie that holds the token."""
CONTENT_SECURITY_POLICY = (
    "default-src 'self' data:; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' ws:; frame-ancestors 'none'"
)
"""The page loads nothing from other hosts: textual-serve's own page would tell a font server who opens it."""


def serve(home: Path, port: int, *, write: bool = False, announce: Callable[[str], None] | None = None) -> int:
    """Serve until interrupted. Each request needs the token of this start; read-only unless `write`.

    Raises: Unsupported without textual-serve; MachineError if the port is taken.
    """
    try:
        from textual_serve.server import Server
    except ImportError:
        raise Unsupported("the browser needs textual-serve", hint=serve_extra_hint()) from None
    _check_port(port)
    token = secrets.token_urlsafe(24)
    words = [sys.executable, "-P", "-m", "hptui", "--home", str(home)]
    command = shlex.join([*words, "open", *([] if write else ["--readonly"])])

    class Guarded(Server):  # type: ignore[misc]  # textual-serve has no types
        """A server whose requests pass `guard`."""

        async def _make_app(self) -> Any:
            # A private method: textual-serve has no other way to add middleware.
            app = await super()._make_app()
            app.middlewares.insert(0, guard_middleware(token))
            return app

        async def handle_index(self, request: Any) -> Any:
            page = await super().handle_index(request)
            page.text = local_page(page.text, self.public_url, request.host)
            return page

    package = str(Path(__file__).parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
    address = f"http://{HOST}:{port}/?token={token}"
    if announce is not None:
        announce(address)
    else:
        access = "" if write else ", read-only"
        sys.stderr.write(f"hptui in a browser{access}, to whoever has this address: {address}\n")
        sys.stderr.flush()
    Guarded(command, host=HOST, port=port, title="hptui").serve()
    return 0


def serve_extra_hint() -> str:
    """Return how textual-serve is installed: from the index, or into the environment of a checkout."""
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file():
        return f"pip install -e {shlex.quote(f'{checkout}[serve]')}"
    return "pip install 'hptui[serve]'"


def local_page(page: str, public_url: str, host: str) -> str:
    """Return textual-serve's page with relative addresses, and without a font from elsewhere.

    They hold behind a tunnel on any port.     `host` is the name and port that the browser has asked.
    """
    page = re.sub(r"<link\b[^>]*https?://(?!127\.0\.0\.1)[^>]*>", "", page)
    page = page.replace(public_url.replace("http", "ws", 1), f"ws://{host}")
    return page.replace(public_url, "")


def guard_middleware(token: str) -> Any:
    """Return middleware that accepts requests with the token, for a loopback address, from no other site.

    Pages of other sites can reach the loopback interface through the user's browser: `Host` and `Origin` are checked.
    The port may be another one than ours, that of a tunnel. The token of the address becomes a cookie.
    """
    from aiohttp import web

    @web.middleware
    async def check(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        origin = request.headers.get("Origin", "")
        name = request.host.rpartition(":")[0] or request.host
        if name not in LOOPBACK_NAMES or (origin and origin.partition("://")[2] != request.host):
            return web.Response(status=403, text="this is for the machine's own loopback address alone\n")
        query_token, cookie_token = request.query.get("token", ""), request.cookies.get(TOKEN_COOKIE, "")
        if secrets.compare_digest(query_token.encode(), token.encode()):
            response = web.HTTPFound("/")
            response.set_cookie(TOKEN_COOKIE, token, httponly=True, samesite="Strict")
            raise response
        if not secrets.compare_digest(cookie_token.encode(), token.encode()):
            return web.Response(status=403, text="this address needs the token that hptui serve has printed\n")
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response

    return check


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise MachineError(f"port {port} is taken: {error.strerror}", hint="choose another with --port") from None
