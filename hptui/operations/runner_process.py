"""The process that runs a study:  python -m hptui.operations.runner_process STUDY_DIRECTORY [LOCK_FD VERSION]

Started detached by `run`. It takes the study's lock, gives the runner what lies above it (trainers, results), and ends
when the study has come to rest. When hptui is replaced on disk, it executes itself again with the new code: the same
process, which keeps the lock by its descriptor and tells the version that it was. Exit codes: 0 at rest, 1 failed, 4
another runner holds the study.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import hptui
from hptui.core.errors import HptuiError, MachineError
from hptui.core.garbage import no_collection
from hptui.core.laws import Law
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.operations.displaced import wait_until_left
from hptui.operations.notify import runner_settings
from hptui.operations.runner_lock import runner_status
from hptui.store.crash_points import crash_point
from hptui.store.ground import identity
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.run_directory import acquire_lock

if TYPE_CHECKING:
    from hptui.execution.code_watch import CodeWatch
    from hptui.execution.executor import WorkerSpec
    from hptui.store.store import Store

log = logging.getLogger(__name__)

MAX_LOCK_WAIT_S = 1.0
"""How long to try for the lock: a process that only tests it may hold it for a moment."""
MAX_DISPLACED_S = 15.0
"""How long to wait for a runner that lost its lock file: it leaves at its next turn."""
MAX_LAST_SEND_S = 5.0
"""How long a study at rest is held for notices that are not yet sent; the next holder of the lock sends the rest."""
ON_END_TIMEOUT_S = 60.0
"""Time limit of the `on_end` command."""


def inherited_lock(sd: StudyDir, fd: int) -> int | None:
    """Return the descriptor if it is the study's lock, held by this process when it ran other code.

    None otherwise: a wrong number must never be taken for the lock.
    """
    try:
        if not os.path.samestat(os.fstat(fd), sd.lock.stat()):
            return None
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held already: this changes nothing
        os.set_inheritable(fd, False)  # no child may keep it
    except OSError:
        return None
    write_lock_facts(fd, ready=False)
    return fd


def acquire_study_lock(sd: StudyDir) -> int | None:
    """Acquire the study's lock for the life of this process; return its descriptor, None if it is taken."""
    deadline = time.monotonic() + MAX_LOCK_WAIT_S
    while (fd := acquire_lock(sd.lock)) is None or _is_stale(fd, sd):
        if fd is not None:
            os.close(fd)
        if time.monotonic() > deadline:
            return None
        time.sleep(0.02)  # flock has no timeout
    write_lock_facts(fd, ready=False)
    return fd


def _is_stale(fd: int, sd: StudyDir) -> bool:
    """Return whether the file that was locked was removed from its path meanwhile."""
    facts = os.fstat(fd)
    return identity(sd.lock) != (facts.st_dev, facts.st_ino)


def write_lock_facts(lock: int, *, ready: bool) -> None:
    """Write who holds the lock into its file, for display only. `ready`: the runner has begun to work."""
    facts = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.time(), "ready": ready}
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps(facts).encode(), 0)


def worker_spec_of(study: Study) -> WorkerSpec:
    """Return how this study's attempts are run, and the facts recorded with each."""
    from hptui.execution.executor import WorkerSpec
    from hptui.execution.local.environment import attempt_facts
    from hptui.operations.plugins import plugins_of
    from hptui.trainers import registry

    return WorkerSpec(
        command=(sys.executable, "-m", "hptui.trainers.worker"),
        entry="hptui.trainers.worker:main",
        preload=registry.preload(study.trainer.kind, study),
        facts={**attempt_facts(study.directory), **({"plugins": {**used}} if (used := plugins_of(study)) else {})},
        prepares=registry.inspected_settings(study.trainer.kind, study.directory),
        packing=registry.packing(study.trainer.kind, study.directory),
    )


def defaults_of(study: Study) -> dict[str, Value]:
    """Return the values that the trainer uses where the study file says nothing."""
    from hptui.trainers import registry

    schema = registry.schema(study.trainer.kind, study.directory) or {}
    if getattr(schema, "open", False):
        return {}  # these settings are hptui's own; the script's defaults are not known
    return {name: info.default for name, info in schema.items() if not info.required}


def pin_programs(store: Store, study: Study) -> None:
    """Store which `python` the PATH meant when the study was first run; warn when it is another one now.

    The recorded program is still used as long as it exists, so that trials stay comparable.
    """
    from hptui.trainers import registry

    settings = study.trainer.settings
    current = registry.programs(
        study.trainer.kind, [settings, *({**settings, **listed.set} for listed in study.trials)], study.directory
    )
    stored: dict[str, str] = json.loads(store.read.get_meta(MetaKey.PROGRAMS) or "{}")
    for name, path in current.items():
        previous = stored.get(name, path)
        if previous == path:
            stored[name] = path
        elif os.access(previous, os.X_OK):
            message = f"{name} on the PATH is {path} now; the study goes on with {previous}, as it began"
            store.add_event("warning", EventKind.CHANGED, message)
        else:
            stored[name] = path
            store.add_event("warning", EventKind.CHANGED, f"{previous} is gone; trials run with {path} from now on")
    store.set_meta(MetaKey.PROGRAMS, json.dumps(stored))


def write_results_on_end(store: Store, sd: StudyDir, study: Study) -> None:
    """Write the result files that the study file asks for, once the study has come to rest."""
    from hptui.operations.result_files import write_results

    try:
        if study.report.write:
            write_results(sd, study)
    except Exception as error:  # the results are recorded; a report that fails must not fail the study
        log.exception("the results could not be written")
        store.add_event(
            "error", EventKind.RESULTS, f"the results could not be written: {type(error).__name__}: {error}"
        )


def run_on_end(sd: StudyDir, study: Study) -> None:
    """Run the `on_end` command: placeholders like {state} in its arguments, the facts in its environment.

    The study's lock is released before, so a slow command blocks nobody.
    """
    from hptui.execution.channels import FactPlaceholders
    from hptui.operations.result_files import on_end_facts

    facts = on_end_facts(sd, study)
    command = [part.format_map(FactPlaceholders(facts)) for part in study.on_end or ()]
    environment = {**os.environ, **{f"HPTUI_{key.upper()}": value for key, value in facts.items()}}
    try:
        process = subprocess.run(
            command, env=environment, cwd=study.directory or None, timeout=ON_END_TIMEOUT_S, check=False
        )
        if process.returncode:
            log.warning("on_end: %s ended with exit code %d", command[0], process.returncode)
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("on_end: %s: %s", command[0], error)


CODE_FILES = ("__init__.py", "core/version.py")
"""Files of the package that every installation of another version replaces."""
PROBE = """
import runpy, sys
import hptui.execution.runner, hptui.operations.runner_process, hptui.store.store
sys.argv = ["hptui", "--version"]
runpy.run_module("hptui", run_name="__main__")
"""
"""Program that answers as `hptui --version` does, if the code on disk could also run a study."""


def code_watch() -> CodeWatch:
    """Return a watch over hptui's own code."""
    from hptui.execution.code_watch import CodeWatch

    package = Path(hptui.__file__).parent
    return CodeWatch([package / name for name in CODE_FILES], [sys.executable, "-c", PROBE])


def execute_new_code(sd: StudyDir, lock: int) -> NoReturn:
    """Execute the code that is on disk now in this process. The study's lock stays held throughout.

    Raises: OSError when the interpreter cannot be executed.
    """
    log.info("hptui was changed on disk: the runner executes the new code")
    logging.shutdown()
    crash_point("before_new_code")
    os.set_inheritable(lock, True)
    arguments = ["-m", "hptui.operations.runner_process", str(sd.root), str(lock), hptui.__version__]
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606  a list, no shell


def laws_of(study: Study, base: Mapping[str, Value]) -> Sequence[Law]:
    """Return what published laws say of a study whose baseline has these settings."""
    from hptui.trainers import registry

    return registry.laws(study.trainer.kind, base, study.space.names, study.directory)


def _restart_message(before: str) -> str:
    change = f"hptui {hptui.__version__}" + ("" if before == hptui.__version__ else f", before {before}")
    return f"the runner has restarted itself: {change}"


def main(argv: list[str]) -> int:
    """Run a study until it rests; return the exit code."""
    root, *handed_over = argv
    code = code_watch()  # first of all: what is imported from here on is what it compares with
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sd = StudyDir(Path(root))
    os.environ["HPTUI_HOME"] = str(sd.root.absolute().parent)  # trials put caches there that all studies share
    lock = inherited_lock(sd, int(handed_over[0])) if handed_over else None
    lock = acquire_study_lock(sd) if lock is None else lock
    if lock is not None and not handed_over:
        try:
            wait_until_left(sd, MAX_DISPLACED_S)  # else two runners would start the same trials
        except HptuiError as error:
            log.error("%s", error)
            return error.exit_code
    if lock is None:
        facts = runner_status(sd)
        log.error("another runner holds %s: pid %s on %s", sd.name, facts["pid"], facts["host"])
        return 4
    with no_collection():
        from hptui import studyfile
        from hptui.execution.controller import Hooks
        from hptui.execution.runner import RunEnd, Runner
        from hptui.store.store import Store
        from hptui.trainers.modules import restore_script

    try:
        store = Store.open(sd)
        try:
            restore_script(store.read.get_meta(MetaKey.SCRIPT))
            pin_programs(store, studyfile.from_json(store.read.study().spec))
            if handed_over:
                crash_point("after_new_code")
                store.add_event("info", EventKind.CODE_CHANGED, _restart_message(handed_over[1]))
            runner = Runner(sd, store, Hooks(worker_spec_of, write_results_on_end, code, runner_settings, laws_of))
            write_lock_facts(lock, ready=True)
            end = runner.run()
            if end is RunEnd.RESTED:
                runner.controller.notifier.flush(runner.controller.study, MAX_LAST_SEND_S)
            if end is RunEnd.GROUND_LOST:
                # Closing would merge the log into a file that is not ours, and delete the one at its path.
                logging.shutdown()
                os._exit(MachineError.exit_code)
        finally:
            store.close()
        if end is RunEnd.HANDS_OVER and not runner.leaving:
            execute_new_code(sd, lock)
        os.close(lock)
        controller = runner.controller
        if end is RunEnd.RESTED and controller.study.on_end and not controller.idle:
            run_on_end(sd, controller.study)
    except HptuiError as error:
        log.error("%s", error)
        return error.exit_code
    except Exception:  # the process must end with exit code 1 and a log entry, whatever failed
        log.exception("the runner failed; `hptui run %s` starts it again, nothing recorded is lost", sd.name)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
