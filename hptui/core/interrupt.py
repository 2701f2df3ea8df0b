"""End the command `hptui` quietly on a Ctrl-C while its modules are imported. Imports nothing that takes time."""

import _signal  # type: ignore[import-not-found]  # the built-in part of `signal`, whose import takes long
import _thread
import os
import sys


def is_command() -> bool:
    """Return whether this process runs the command `hptui`, and does not merely import the package."""
    name = sys.argv[0] if sys.argv else ""
    by_module = sys.orig_argv[-len(sys.argv) - 1 :][:2] == ["-m", "hptui"]
    return os.path.basename(name) == "hptui" or (name == "-m" and by_module)


def interrupted(*_: object) -> None:
    """Handle SIGINT until the command line is reached: end without showing where that was."""
    os._exit(130)


def raise_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Handle an exception that Python drops, in a destructor or a callback, as imports have them.

    A Ctrl-C there would be shown with a traceback and then forgotten: it is raised again a moment later.
    """
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    from threading import Timer  # rarely needed, and its import takes time

    later = Timer(AGAIN_S, _thread.interrupt_main)
    later.daemon = True
    later.start()


AGAIN_S = 0.05
"""Seconds after which a Ctrl-C that Python dropped is raised again: not while this is still being handled."""


def quiet_interrupts() -> None:
    """Set the handler, if this is the command and nobody has set another one.

    `cli.main` puts Python's own back.
    """
    if is_command() and _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, interrupted)
