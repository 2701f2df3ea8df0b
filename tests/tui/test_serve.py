"""The screens in a browser: who is answered, and that they come."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess

import pytest
from aiohttp import ClientSession, ClientTimeout, CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from hptui.tui.open import guard_middleware
from tests.operations.made import make
from tests.support import kill_all, until
from tests.tui.terminal import HPTUI, surroundings

TOKEN = "a-token-of-this-start"


async def ask(token, path="/", **headers):
    """The status of an answer, and where it leads, from a server that the guard stands before."""

    async def page(request):
        return web.Response(text="the screens")

    app = web.Application()
    app.router.add_get("/", page)
    app.middlewares.append(guard_middleware(token))
    async with TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)) as client:
        answer = await client.get(path, headers=headers, allow_redirects=False)
        again = await client.get("/")
        return answer.status, answer.headers, again.status


async def test_the_page_fetches_nothing_from_elsewhere():
    status, headers, _ = await ask(TOKEN, "/", Cookie=f"hptui={TOKEN}")
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:1"},
        {"Host": "localhost:1", "Origin": "http://localhost:2"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
    ],
    ids=str,
)
async def test_other_sites_and_other_names_are_refused(headers):
    assert (await ask(TOKEN, f"/?token={TOKEN}", **headers))[0] == 403


async def test_a_tunnel_may_have_another_port():
    tunnel = {"Host": "localhost:9999", "Origin": "http://localhost:9999"}
    assert (await ask(TOKEN, f"/?token={TOKEN}", **tunnel))[0] == 302
    assert (await ask(TOKEN, "/", **tunnel))[0] == 403, "without the token"


async def test_nothing_is_read_without_the_token():
    assert (await ask(TOKEN))[0] == 403
    assert (await ask(TOKEN, "/?token=another"))[0] == 403
    status, headers, again = await ask(TOKEN, f"/?token={TOKEN}")
    assert status == 302
    assert "HttpOnly" in headers["Set-Cookie"]
    assert "SameSite=Strict" in headers["Set-Cookie"]
    assert again == 200, "the cookie is enough from then on"


@pytest.fixture
def served(tmp_path):
    """hptui serve on a study; its address, once it answers."""
    home = tmp_path / "home"
    make(home)
    started = []

    def start(*words):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [*HPTUI, "--home", str(home), "serve", "--port", str(port), *words]
        with (tmp_path / "serve.log").open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=surroundings())
        started.append(process)
        address = re.compile(r"http://127\.0\.0\.1:\d+/(\?token=\S+)?")

        def up():
            assert process.poll() is None, (tmp_path / "serve.log").read_text()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        until(up)
        return address.search((tmp_path / "serve.log").read_text()).group(), port

    yield start
    for process in started:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    kill_all(home)


async def seen(session, port, wanted, keys=""):
    """What the screens write into a browser's socket until a text comes."""
    found = b""
    async with session.ws_connect(f"ws://127.0.0.1:{port}/ws?width=120&height=36") as socket_:
        if keys:
            await socket_.send_str(json.dumps(["stdin", keys]))
        async for message in socket_:
            if isinstance(message.data, bytes):
                found += message.data
            if wanted in found:
                return True
    return False


@pytest.mark.parametrize("words", [(), ("--write",)], ids=["read-only", "write"])
async def test_the_screens_come_through_a_socket(served, words):
    address, port = served(*words)
    assert "token" in address
    timeout = ClientTimeout(total=90)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True), timeout=timeout) as session:
        async with session.get(f"http://127.0.0.1:{port}/ws") as refused:
            assert refused.status == 403
        async with session.get(address) as page:
            assert page.status == 200
            text = await page.text()
            assert "hptui" in text
            assert f"ws://127.0.0.1:{port}/ws" in text
            addresses = re.findall(r'(?:href|src)="([^"]*)"', text)
            assert len(addresses) >= 2
            assert all(place.startswith("/static/") for place in addresses), "nothing from elsewhere, no port"
        async with session.get(f"http://127.0.0.1:{port}/", headers={"Host": "localhost:9999"}) as page:
            assert "ws://localhost:9999/ws" in await page.text()
        wanted = b"made by hand" if words else b"read-only"
        assert await asyncio.wait_for(seen(session, port, wanted), 90)
