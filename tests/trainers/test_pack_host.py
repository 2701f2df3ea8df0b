"""The loop of a host under clients that end badly: it costs them their trial, and no other."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hptui.core.trial import Value
from hptui.store.run_directory import RunDir
from hptui.trainers.context import TrialContext
from hptui.trainers.packs.channel import VERSION, Channel, Gone, connect
from hptui.trainers.packs.host import PackedProcess
from hptui.trainers.packs.toy import ToyBase, ToyMember, ToyPacking
from tests.support import PATIENCE, until
from tests.trainers import attempts

SETTINGS = {"steps": 30, "step_seconds": 0.01}


class Farewell(ToyPacking):
    """Toy trials whose training does something when it is dropped: it reports, or it fails."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def join(self, base: ToyBase, settings: Mapping[str, Value], trial: TrialContext) -> ToyMember:
        member = super().join(base, settings, trial)
        steps = member.steps

        def with_farewell() -> Generator[None, None, Mapping[str, float]]:
            try:
                return (yield from steps)
            finally:
                trial.facts(seen=trial.number)
                if self.error is not None and trial.number == 0:
                    raise self.error

        member.steps = with_farewell()
        next(member.steps)
        return member


def arrive(host: Path, run: RunDir, **hello: Any) -> Channel:
    """A client that has told which attempt it is."""
    channel = connect(host)
    assert channel is not None
    token = json.loads(run.config.read_text())["token"]
    channel.send({"hello": str(run.root), "token": token, "version": VERSION, "resume": {}, **hello})
    return channel


def last_message(channel: Channel) -> dict[str, Any]:
    """The message that ends a trial."""
    deadline = time.monotonic() + 30 * PATIENCE
    while time.monotonic() < deadline:
        message = channel.receive()
        if message is None:
            time.sleep(0.01)
        elif message.keys() & {"end", "failed", "refused"}:
            return message
    raise AssertionError("the trial did not end")


def close(channel: Channel) -> None:
    channel.close()


def send_text(channel: Channel) -> None:
    channel._link.send(b".no JSON")


def send_list(channel: Channel) -> None:
    channel._link.send(b".[1]")


@pytest.mark.parametrize("error", [None, Gone("its client"), ValueError("planted")], ids=repr)
@pytest.mark.parametrize("end", [close, send_text, send_list], ids=lambda end: end.__name__)
@pytest.mark.parametrize("place", ["trains", "waits for its turn", "has not said who it is"])
def test_a_client_that_ends_badly_costs_no_other(tmp_path: Path, error: Exception | None, end: Any, place: str) -> None:
    host = attempts.make(tmp_path, "toy", {}, number=99)
    runs = [attempts.make(tmp_path, "toy", SETTINGS, number=number) for number in range(2)]
    terminated = threading.Event()
    process = PackedProcess(host, {"most_lanes": 4, "lanes": 4, "idle_s": 60.0}, Farewell(error), terminated)
    if place == "waits for its turn":
        process.lanes.group = lambda tokens, *, settled=True: 1  # type: ignore[method-assign]
    codes: list[int] = []
    loop = threading.Thread(target=lambda: codes.append(process.serve()))
    loop.start()
    try:
        if place == "waits for its turn":
            good = arrive(host.root, runs[1])
            until(lambda: process.residents and process.residents[0].member)
            bad = arrive(host.root, runs[0])
            until(lambda: len(process.residents) == 2 and process.residents[1].member)
        elif place == "trains":
            bad = arrive(host.root, runs[0])
            until(lambda: process.passes > 3)
            good = arrive(host.root, runs[1])
        else:
            connected = connect(host.root)
            assert connected is not None
            bad, good = connected, arrive(host.root, runs[1])
        end(bad)
        assert "end" in last_message(good)
        bad.close()
        good.close()
    finally:
        terminated.set()
        loop.join(30 * PATIENCE)
    assert codes == [0]
    assert process.residents == []
