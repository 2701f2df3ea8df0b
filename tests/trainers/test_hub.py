"""The hub is asked only where it can be reached: else its client would try for half a minute per file."""

from __future__ import annotations

import socket

import pytest
from huggingface_hub import constants

from hptui.trainers import hub


@pytest.fixture(autouse=True)
def _as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def settled(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> bool:
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    hub.set_offline_if_unreachable()
    return constants.HF_HUB_OFFLINE


def test_where_nothing_answers_the_client_stays_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert not settled(monkeypatch, place)
    assert settled(monkeypatch, place)


def test_a_proxy_is_trusted_to_know_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert not settled(monkeypatch, "https://nowhere.invalid")
