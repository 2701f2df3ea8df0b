"""Who holds a study: asked of its lock, without anything of the runner."""

from __future__ import annotations

import fcntl
import json

from hptui.store.paths import StudyDir


def runner_status(sd: StudyDir) -> dict[str, object]:
    """Return who holds the study: {alive, pid, host, since, ready}.

    `alive` is asked of the lock; the rest is what the holder wrote into the file.
    """
    try:
        with sd.lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                alive = False
            except BlockingIOError:
                alive = True
            facts = json.loads(file.read() or b"{}")
    except (OSError, ValueError):
        return {"alive": False, "pid": None, "host": None, "since": None, "ready": False}
    return {"alive": alive, **{key: facts.get(key) for key in ("pid", "host", "since", "ready")}}
