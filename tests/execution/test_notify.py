"""What is told, to whom, how often: against a real server that drops, delays and refuses, and across kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import hptui
from hptui.core.notify import NOTICE_KINDS, WEBHOOK_FORMS, Notify
from hptui.core.study import Study
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.execution import channels, notifier
from hptui.execution.channels import mail_of, request_of
from hptui.execution.notifier import Notifier, missing_texts
from hptui.store.notices import Notice, notices_after, open_deliveries
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind
from hptui.store.store import Store
from hptui.studyfile import from_json, read_text, to_json

STUDY = """
    name = "told"
    objective = { metric = "loss", goal = "minimize" }
    trainer = { kind = "toy" }
    space = { learning_rate = "1e-4..1e-2 log" }
    search = { trials = 9, until = { target = 0.1 } }
"""
SECRET = "a-very-long-and-secret-path-9f8e7d6c"


class Receiver(ThreadingHTTPServer):
    """A server that answers the next requests as it is told: a status, 'drop', or 'hang'; then with 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int | str] = []
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{SECRET}"

    @property
    def ids(self) -> list[str]:
        return [headers["Idempotency-Key"] for headers, _ in self.received]


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        answer = self.server.answers.pop(0) if self.server.answers else 200
        if answer == "hang":
            self.server.released.wait(20)
        if answer in ("drop", "hang"):
            self.close_connection = True
            return
        self.send_response(int(answer))
        if 300 <= int(answer) < 400:
            self.send_header("Location", self.server.url + "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(notifier, "FIRST_PAUSE_S", 0.01)
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield receiver
    receiver.released.set()
    receiver.shutdown()
    receiver.server_close()


@pytest.fixture
def study() -> Study:
    return read_text(STUDY)


@pytest.fixture
def store(tmp_path: Path, study: Study) -> Iterator[Store]:
    with Store.create(StudyDir.for_study(tmp_path / "home", study.name), to_json(study), study.name) as opened:
        yield opened


def told(study: Study, **keys: Any) -> Study:
    return replace(study, notify=Notify(**{"webhook": "TEAM", **keys}))


def notifier_of(store: Store, server: Receiver | None = None, **variables: str) -> Notifier:
    environ = {**os.environ, **({"TEAM": server.url} if server is not None else {}), **variables}
    return Notifier(store, lambda study: study.notify, environ)


def run_until_sent(store: Store, sender: Notifier, study: Study, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    sender.turn(study)
    while open_deliveries(store.connection):
        assert time.monotonic() < deadline, "not sent in time"
        time.sleep(0.005)
        sender.turn(study)


def events(store: Store) -> list[str]:
    return [event.message for event in store.read.events() if event.kind == EventKind.NOTIFY]


def kinds(store: Store) -> list[tuple[str, int | None]]:
    return [(notice.kind, notice.trial) for notice in notices_after(store.connection, 0)]


def end_trial(store: Store, number: int, value: float | None, **more: Any) -> None:
    status = TrialStatus.FAILED if value is None else TrialStatus.COMPLETE
    values = None if value is None else {"loss": value}
    trial = Trial(number, f"t{number}", status, Role.SEARCH, {"learning_rate": 1e-3}, values=values, ended=1.0 + number)
    store.insert_trial(replace(trial, **more))
    store.add_event("info" if values else "error", EventKind.of_trial(status), f"{status}: why", number)


# what is told -------------------------------------------------------------------------------------------------------


def test_each_kind_is_told_once_and_nothing_that_a_person_asked_for(store: Store, study: Study) -> None:
    study = told(study, on=tuple(NOTICE_KINDS))
    sender = notifier_of(store)
    end_trial(store, 0, 0.5)
    sender.turn(study)
    assert kinds(store) == [], "the first value is no news"
    for number, value in ((1, None), (2, 0.4), (3, 0.45), (4, None), (5, 0.09), (6, 0.08)):
        end_trial(store, number, value)
        sender.turn(study)
    store.add_event("info", EventKind.STUDY_PAUSED, "the study is paused")
    store.add_event("error", EventKind.STUDY_PAUSED, "three failures in a row")
    store.add_event("warning", EventKind.STUDY_PAUSED, "disk full: free some space, then start the study again")
    store.add_event("warning", EventKind.DISK_LOW, "1.5 GiB free")
    store.add_event("info", EventKind.STUDY_STOPPED, "the study is stopped")
    store.add_event("info", EventKind.STUDY_DONE, "9 trials")
    sender.turn(study)
    of_trials = [("failed", 1), ("best", 2), ("target", 5), ("best", 6)]
    assert kinds(store) == [*of_trials, *((kind, None) for kind in ("paused", "disk", "disk", "done"))]
    assert notices_after(store.connection, 0)[-1].message == "9 trials; best: loss=0.08 (trial 6)"
    sender.turn(study)
    notifier_of(store).turn(study)
    assert len(kinds(store)) == 8


def test_only_what_was_asked_for_is_told_and_nothing_that_happened_before(store: Store, study: Study) -> None:
    store.add_event("info", EventKind.STUDY_DONE, "long ago")
    notifier_of(store).turn(study)  # nobody is told anything
    store.add_event("warning", EventKind.STUDY_PAUSED, "disk full: free some space")
    store.add_event("error", EventKind.STUDY_PAUSED, "failures")
    notifier_of(store).turn(told(study, on=("paused", "done")))
    assert kinds(store) == [("paused", None), ("paused", None)]


def test_secrets_are_masked_in_what_is_told(store: Store, study: Study) -> None:
    store.add_event("error", EventKind.STUDY_PAUSED, "HF_TOKEN=hf_abcdefghijklmnopqrstu \x1b[31m refused")
    notifier_of(store).turn(told(study))
    [notice] = notices_after(store.connection, 0)
    assert "hf_abc" not in notice.message
    assert "\x1b" not in notice.message


# sending ------------------------------------------------------------------------------------------------------------


def test_a_server_that_drops_and_fails_gets_the_same_id_until_it_answers(
    store: Store, study: Study, server: Receiver
) -> None:
    server.answers = ["drop", 503, 500]
    store.add_event("info", EventKind.STUDY_DONE, "done")
    sender = notifier_of(store, server, TOKEN="a-token")
    run_until_sent(store, sender, told(study, token="TOKEN"))
    assert len(server.received) == 4
    assert len(set(server.ids)) == 1
    headers, body = server.received[-1]
    assert headers["Authorization"] == "Bearer a-token"
    document = json.loads(body)
    assert (document["id"], document["kind"], document["study"]) == (server.ids[0], "done", "told")
    [said] = events(store)
    assert "tried again" in said
    assert SECRET not in said


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 307])
def test_a_refusal_is_told_once_and_not_repeated(store: Store, study: Study, server: Receiver, status: int) -> None:
    server.answers = [status]
    store.add_event("info", EventKind.STUDY_DONE, "done")
    sender = notifier_of(store, server)
    run_until_sent(store, sender, told(study))
    sender.flush(told(study), 0.05)
    notifier_of(store, server).flush(told(study), 0.05)
    assert len(server.received) == 1
    [said] = events(store)
    assert str(status) in said
    assert "not tried again" in said
    assert SECRET not in said


@pytest.mark.process
def test_a_server_that_hangs_delays_no_turn_and_no_other_channel(
    store: Store, study: Study, server: Receiver, tmp_path: Path
) -> None:
    server.answers = ["hang"]
    told_by_command = tmp_path / "told"
    command = (sys.executable, "-c", f"import sys; open({str(told_by_command)!r}, 'w').write(sys.argv[1])", "{title}")
    both = told(study, command=command)
    sender, longest = notifier_of(store, server), 0.0
    store.add_event("info", EventKind.STUDY_DONE, "done")
    deadline = time.monotonic() + 10
    while not (server.received and told_by_command.exists() and len(open_deliveries(store.connection)) == 1):
        began = time.monotonic()
        sender.turn(both)
        longest = max(longest, time.monotonic() - began)
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert longest < 0.5
    assert told_by_command.read_text() == "told is done"
    began = time.monotonic()
    sender.flush(both, 0.2)
    assert time.monotonic() - began < 1
    assert [delivery.channel for delivery in open_deliveries(store.connection)] == ["webhook"]
    server.released.set()
    run_until_sent(store, sender, both)
    assert len(set(server.ids)) == 1


def test_a_waiting_command_ends_the_last_sending(store: Store, study: Study, server: Receiver) -> None:
    server.answers = ["hang"]
    store.add_event("info", EventKind.STUDY_DONE, "done")
    store.add_command("resume", {})
    began = time.monotonic()
    notifier_of(store, server).flush(told(study), 10)
    assert time.monotonic() - began < 1


FLUSH = """
import sys
from pathlib import Path
from hptui.execution.notifier import Notifier, missing_texts
from hptui.store.paths import StudyDir
from hptui.store.store import Store
from hptui.studyfile import from_json
store = Store.open(StudyDir(Path(sys.argv[1])))
study = from_json(store.read.spec_json())
Notifier(store, lambda study: study.notify).flush(study, 10)
"""


@pytest.mark.process
def test_a_kill_between_sending_and_recording_sends_again_with_the_same_id(tmp_path: Path, server: Receiver) -> None:
    study = told(read_text(STUDY))
    sd = StudyDir.for_study(tmp_path / "home", "told")
    with Store.create(sd, to_json(study), "told") as store:
        store.add_event("info", EventKind.STUDY_DONE, "done")
    environment = {**os.environ, "TEAM": server.url, "PYTHONPATH": str(Path(hptui.__file__).parents[1])}
    words = [sys.executable, "-c", FLUSH, str(sd.root)]
    killed = subprocess.run(words, env={**environment, "HPTUI_CRASH": "before_delivered:1"}, check=False)
    assert (killed.returncode, len(server.ids)) == (137, 1)
    with Store.open(sd) as store:  # whoever holds the lock next sends it
        sender = notifier_of(store, server)
        run_until_sent(store, sender, from_json(store.read.spec_json()))
        sender.flush(study, 0.05)
    assert len(server.ids) == 2
    assert len(set(server.ids)) == 1


def test_without_its_variable_nothing_is_sent_and_the_next_holder_that_has_it_sends(
    store: Store, study: Study, server: Receiver
) -> None:
    study = told(study, token="MISSING_TOKEN")
    store.add_event("info", EventKind.STUDY_DONE, "done")
    notifier_of(store, server).flush(study, 1)
    assert server.received == []
    assert "MISSING_TOKEN is not set" in missing_texts(study.notify.missing_variables({"TEAM": "x"}))[0]
    run_until_sent(store, notifier_of(store, server, MISSING_TOKEN="t"), study)
    assert len(server.received) == 1


def test_what_is_a_week_old_is_given_up(
    store: Store, study: Study, server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier, "MAX_AGE_S", -1.0)
    store.add_event("info", EventKind.STUDY_DONE, "done")
    run_until_sent(store, notifier_of(store, server), told(study))
    assert server.received == []


def test_a_channel_that_fails_in_any_way_is_tried_again(
    store: Store, study: Study, server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [RuntimeError("a bug"), channels.SendResult(True, True, "sent")]

    def send(notice: Notice) -> channels.SendResult:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(notifier, "senders", lambda *_: {"webhook": send})
    store.add_event("info", EventKind.STUDY_DONE, "done")
    run_until_sent(store, notifier_of(store, server), told(study))
    assert answers == []


# programs and forms -------------------------------------------------------------------------------------------------


@pytest.mark.process
@pytest.mark.parametrize(("code", "calls"), [(0, 1), (1, 1), (75, 2)])
def test_mail_goes_through_sendmail_and_only_a_temporary_failure_is_repeated(
    store: Store, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, calls: int
) -> None:
    monkeypatch.setattr(notifier, "FIRST_PAUSE_S", 0.01)
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "sendmail"
    program.write_text(
        f'#!/bin/sh\ncat >> "{tmp_path}/mail"\necho "$@" >> "{tmp_path}/calls"\n'
        f'[ $(wc -l < "{tmp_path}/calls") -gt 1 ] || exit {code}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    store.add_event("info", EventKind.STUDY_DONE, "grün")
    run_until_sent(store, notifier_of(store), replace(study, notify=Notify(email="me@example.org")))
    assert (tmp_path / "calls").read_text().splitlines() == ["-t -i"] * calls
    text = (tmp_path / "mail").read_text()
    assert "To: me@example.org" in text
    assert text.count("@hptui.invalid>") == calls


def test_every_form_says_title_and_message_and_stays_within_its_service() -> None:
    notice = Notice("id-1", 1.0, "paused", 3, "ein Titel ü", "<!channel> & text " + "x" * 3000)
    facts = {"study": "told", "host": "here"}
    bodies = {form: request_of(form, notice, facts) for form in WEBHOOK_FORMS}
    assert all(headers["Idempotency-Key"] == "id-1" for _, headers in bodies.values())
    assert all(str(value).isascii() for _, headers in bodies.values() for value in headers.values())
    documents = {form: json.loads(bodies[form][0]) for form in WEBHOOK_FORMS if form != "ntfy"}
    assert documents["json"]["message"] == notice.message
    assert documents["slack"]["text"].startswith("ein Titel ü\n&lt;!channel&gt; &amp; text")
    assert len(documents["discord"]["content"]) == 2000
    assert documents["discord"]["allowed_mentions"] == {"parse": []}
    assert bodies["ntfy"][0].decode() == notice.message
    assert bodies["ntfy"][1]["Priority"] == "high"
    assert "\n" not in bodies["ntfy"][1]["Title"]
    assert mail_of("me", notice, facts)["Message-ID"] == "<id-1@hptui.invalid>"
