"""Ask something of a study: of its runner if one lives, else here, under the same lock and by the same handler."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui.model.errors import Locked, UserError
from hptui.model.study import Study
from hptui.storage.mailbox import Mailbox
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader
from hptui.storage.rundir import holding
from hptui.trainers.modules import SCRIPT, recall_script

POLL = 0.02
SETTLE_SECONDS = 4.0
"""How long a face waits for trials to obey when no runner lives to see it."""


class Refused(UserError):
    """A runner could not carry out a request; the text is its own."""


def request(sd: StudyDir, verb: str, args: Mapping[str, Any], wait: float = 5.0) -> str:
    """Carry out a verb on a study and return the sentence to show. `HptuiError` says why it was not done."""
    if verb == "space":
        return change_space(sd, args["changes"], str(args.get("why") or ""), wait=wait)
    if verb == "extend":
        return extend(sd, int(args["trials"]), wait=wait)
    return _send(sd, verb, args, wait)


def _send(sd: StudyDir, verb: str, args: Mapping[str, Any], wait: float) -> str:
    deadline, mailbox, number = time.monotonic() + wait, None, 0
    try:
        while time.monotonic() < deadline:
            with holding(sd.lock) as free:
                if free:
                    return _here(sd, verb, args, number)
            if mailbox is None:
                mailbox = Mailbox(sd)
                number = mailbox.post(verb, args)
            if answer := mailbox.answer(number):
                if answer.ok:
                    return answer.text
                raise Refused(answer.text)
            time.sleep(POLL)
    finally:
        if mailbox is not None:
            mailbox.close()
    raise Locked(
        f"the runner of {sd.name!r} has not answered within {wait:g} s; the request stands and will be carried out",
        hint=f"hptui status {sd.name}",
    )


def _here(sd: StudyDir, verb: str, args: Mapping[str, Any], posted: int) -> str:
    """No runner lives: we hold the lock, so requests that wait in the mailbox are served first, in order."""
    from hptui.running.requests import Desk
    from hptui.running.settle import settle
    from hptui.storage.store import Store

    store = Store.open(sd)
    try:
        desk, ours = Desk(sd, store), None
        for command in store.pending_commands():
            answer = desk.serve(command)
            if command.id == posted:
                ours = answer
        if not posted:
            said = desk.apply(verb, args)
            if verb in ("stop", "pause") and settle(sd, store, desk.study, SETTLE_SECONDS):
                said += f"; their end is recorded by the next: hptui run {sd.name}"
            return said
        if ours is None:  # the runner answered just before it left
            _, *rest = store.pending(posted)
            ours = (bool(rest[0]), str(rest[1]))
        if not ours[0]:
            raise Refused(ours[1])
        return ours[1]
    finally:
        store.close()


def recall(sd: StudyDir) -> None:
    """Before the settings of a study's trainer are read: what its script was started with."""
    with Reader(sd) as reader:
        recall_script(reader.get_meta(SCRIPT))


def study_of(sd: StudyDir) -> Study:
    """The study as it is recorded now. From here on its trainer can be looked at, too."""
    from hptui.storage import studyfile

    recall(sd)
    with Reader(sd) as reader:
        return studyfile.from_json(reader.spec_json())


def change_spec(sd: StudyDir, new: Study, why: str, wait: float = 5.0, facts: Mapping[str, Any] | None = None) -> str:
    """Make a new revision of the study."""
    from hptui.actions.process import defaults_of
    from hptui.storage import studyfile

    args = {"spec": studyfile.to_json(new), "why": why, "defaults": defaults_of(new), **(facts or {})}
    return _send(sd, "spec", args, wait)


def extend(sd: StudyDir, trials: int, wait: float = 5.0) -> str:
    """Set the total number of trials."""
    study = study_of(sd)
    search = replace(study.search, trials=trials)
    return change_spec(sd, replace(study, search=search), f"{trials} trials", wait)


def stage_with_space(sd: StudyDir) -> str:
    """The stage under way, if it has a space of its own: that is the one to change."""
    from hptui.model.stages import stage_named
    from hptui.results.view import look

    with Reader(sd) as reader:
        begun = [one["name"] for one in reader.course()]
        stage = stage_named(look(sd, reader).study, begun[-1]) if begun else None
    return stage.name if stage is not None and stage.space is not None else ""


def change_space(sd: StudyDir, changes: Mapping[str, str | None], why: str, wait: float = 5.0) -> str:
    """Set or remove parameters of the search space, in the store and, comments kept, in the study file."""
    from hptui.storage import studyfile
    from hptui.trainers import registry

    study, stage = study_of(sd), stage_with_space(sd)
    place = f"stage.{stage}.space" if stage else "space"
    new = studyfile.override(study, {f"{place}.{name}": text for name, text in changes.items()}, registry.schema)
    said = change_spec(sd, new, why, wait)
    source = Path(study.source) if study.source else None
    if source is None or not source.is_file():
        return f"{said} (the study file is not there any more, so only the store was changed)" if source else said
    studyfile.write_space(source, changes, stage)
    return f"{said} (written to {source})"
