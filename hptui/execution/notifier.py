"""Sends notices from the queue in the store: at least once, and never in the way of the runner's turn.

Each channel has a thread, which sends and knows no store. The holder of the study's lock hands deliveries over, and
records their results: a holder that is killed in between leaves them open, and the next one sends them again."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping

from hptui.core.errors import HptuiError
from hptui.core.notify import Notify
from hptui.core.study import Study
from hptui.core.trial import Trial
from hptui.execution.channels import Send, SendResult, senders
from hptui.execution.notices import queue_notices
from hptui.store import notices as queued
from hptui.store.crash_points import crash_point
from hptui.store.notices import Delivery
from hptui.store.recorded import EventKind
from hptui.store.store import Store

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 5.0
"""Seconds after a failed try; doubled after each further one, up to `MAX_PAUSE_S`."""
MAX_PAUSE_S = 900.0
"""Longest pause between two tries, in seconds."""
MAX_AGE_S = 7 * 86_400.0
"""Age in seconds from which a notice that could not be sent is given up: it is no news any more."""

Settings = Callable[[Study], Notify]
"""Returns `[notify]` of a study's file, merged with that of the user's configuration."""


class ChannelThread:
    """One channel: sends one notice after the other in a thread of its own, which dies with the process."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._inbox: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self.outcomes: queue.SimpleQueue[tuple[Delivery, SendResult]] = queue.SimpleQueue()
        self.busy_with: str = ""
        self.next_at = 0.0
        self.thread: threading.Thread | None = None

    def start(self, delivery: Delivery) -> None:
        """Send a notice. The channel is busy until its outcome was taken."""
        self.busy_with = delivery.notice.id
        self._inbox.put(delivery)
        if self.thread is None:
            self.thread = threading.Thread(target=self._run, name=f"notify-{delivery.channel}", daemon=True)
            self.thread.start()

    def _run(self) -> None:
        while True:
            delivery = self._inbox.get()
            try:
                outcome = self._send(delivery.notice)
            except Exception as error:  # a channel that fails in any way must not stay busy for ever
                log.exception("the %s failed", delivery.channel)
                outcome = SendResult(False, False, f"the {delivery.channel} failed: {type(error).__name__}")
            self.outcomes.put((delivery, outcome))


class Notifier:
    """Queues and sends the notices of one study. Its methods never wait, but for `flush`.

    With `quiet`, it is not recorded that a delivery failed which is tried again.
    """

    def __init__(
        self, store: Store, settings: Settings, environ: Mapping[str, str] | None = None, *, quiet: bool = False
    ) -> None:
        self._quiet = quiet
        self._store, self._settings_of = store, settings
        self._environ = os.environ if environ is None else environ
        self._study: Study | None = None
        self._settings = Notify()
        self._channels: dict[str, ChannelThread] = {}
        self._open: list[Delivery] | None = None
        self._seen_event = -1
        self._failing: set[str] = set()
        self._broken = False

    def turn(self, study: Study, trials: Mapping[int, Trial] | None = None) -> None:
        """Queue what is new, record what was sent, and hand over what is due."""
        if study is not self._study:
            self._broken = False
            self._follow(study)
        if not self._broken:
            try:
                self._turn(study, trials)
            except (HptuiError, OSError):  # the machine's trouble is the caller's
                raise
            except Exception:  # no notices any more, but the study goes on
                log.exception("no notices are sent any more")
                self._broken = True

    def _turn(self, study: Study, trials: Mapping[int, Trial] | None) -> None:
        last_event = int(self._store.connection.row("SELECT coalesce(max(id), 0) FROM events")[0])
        if last_event != self._seen_event:
            self._seen_event = queue_notices(self._store, study, self._settings, trials)
            self._open = None
        if self._open is None:
            self._open = queued.open_deliveries(self._store.connection)
        for name, channel in self._channels.items():
            self._record(name, channel)
            self._hand_over(name, channel)

    def flush(self, study: Study, limit_s: float) -> None:
        """Send what is open, for at most `limit_s`.

        Returns earlier when a command comes, or when nothing more can be sent now.
        """
        deadline = time.monotonic() + limit_s
        for channel in self._channels.values():
            channel.next_at = 0.0  # one more try, however long the pause
        self.turn(study)
        while any(channel.busy_with for channel in self._channels.values()) and time.monotonic() < deadline:
            if self._store.read.pending_commands():
                return
            time.sleep(0.01)  # outcomes come from several threads
            self.turn(study)

    def _follow(self, study: Study) -> None:
        """Take over the settings of a new revision; what is being sent by old ones is sent again."""
        before, self._study = (self._settings, self._study and self._study.directory), study
        self._settings = self._settings_of(study)
        if before == (self._settings, study.directory):
            return
        functions = senders(self._settings, study.name, study.directory, self._environ)
        self._channels = {name: ChannelThread(send) for name, send in functions.items()}
        self._open = None

    def _warn(self, message: str) -> None:
        log.info("%s", message)  # the runner's log; in the terminal of a command it would be in the way
        self._store.add_event("warning", EventKind.NOTIFY, message)

    def _hand_over(self, name: str, channel: ChannelThread) -> None:
        if channel.busy_with or time.monotonic() < channel.next_at:
            return
        for delivery in [item for item in self._open or () if item.channel == name]:
            if time.time() - delivery.notice.at > MAX_AGE_S:
                queued.finish_delivery(self._store.connection, delivery.notice.id, name, "given up: too old")
                self._open = None
                continue
            channel.start(delivery)
            return

    def _record(self, name: str, channel: ChannelThread) -> None:
        """Record the result of a delivery that the channel has ended."""
        try:
            delivery, outcome = channel.outcomes.get_nowait()
        except queue.Empty:
            return
        channel.busy_with, self._open = "", None
        connection, notice = self._store.connection, delivery.notice
        crash_point("before_delivered")
        if outcome.final:
            queued.finish_delivery(connection, notice.id, name, outcome.text)
        else:
            queued.count_failed_try(connection, notice.id, name, outcome.text)
            channel.next_at = time.monotonic() + min(FIRST_PAUSE_S * 2**delivery.tries, MAX_PAUSE_S)
        if outcome.sent:
            self._failing.discard(name)
        elif outcome.final:
            self._warn(f"{notice.title!r} was not sent by {name}, and is not tried again: {outcome.text}")
        elif name not in self._failing and not self._quiet:
            self._failing.add(name)
            self._warn(f"{notice.title!r} could not be sent by {name} yet, and is tried again: {outcome.text}")
        self._open = queued.open_deliveries(connection)


def missing_texts(missing: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that `[notify]` names and that is not set."""
    return [
        f"notify.{key}: the environment variable {name} is not set, so nothing is posted to the webhook"
        for key, name in missing.items()
    ]
