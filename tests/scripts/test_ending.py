"""How a script ended, told from its exit code and its last words."""

from __future__ import annotations

import signal
import traceback

import pytest

from hptui.core.trial import Reason
from hptui.scripts.exit_status import classify_script_end

TRACE = ["Traceback (most recent call last):", '  File "train.py", line 3, in <module>']

CASES: list[tuple[str, int, list[str], bool, Reason | None, str]] = [
    ("done", 0, ["val_loss 0.5"], True, None, ""),
    (
        "argparse",
        2,
        ["usage: t.py [-h] [--lr LR]", "t.py: error: unrecognized arguments: --learning_rate=0.1"],
        False,
        Reason.USAGE,
        "unrecognized arguments: --learning_rate=0.1",
    ),
    (
        "click",
        2,
        ["Usage: t.py [OPTIONS]", "", "Error: No such option: --learning_rate Did you mean --learning-rate?"],
        False,
        Reason.USAGE,
        "No such option",
    ),
    (
        "typer's box",
        2,
        ["Usage: t.py [OPTIONS]", "╭─ Error ──────╮", "│ No such option: --x │", "╰────╯"],
        False,
        Reason.USAGE,
        "No such option: --x",
    ),
    ("hydra", 1, ["Could not override 'lr'.", "Key 'lr' is not in struct"], False, Reason.USAGE, "not in struct"),
    (
        "fire",
        2,
        ["ERROR: Could not consume arg: --x=1", "Usage: t.py <flags>"],
        False,
        Reason.USAGE,
        "Could not consume",
    ),
    (
        "hf",
        1,
        [*TRACE, "ValueError: Some specified arguments are not used by the HfArgumentParser: ['--x=1']"],
        False,
        Reason.USAGE,
        "not used",
    ),
    ("function", 1, [*TRACE, "TypeError: train() got an unexpected keyword argument 'x'"], False, Reason.USAGE, "'x'"),
    (
        "a question",
        1,
        ["Found models/a.pt", f"Use it? (y/n): {TRACE[0]}", TRACE[1], "EOFError: EOF when reading a line"],
        True,
        Reason.CRASH,
        "the script asked a question, and nobody answers in a trial: Use it? (y/n):",
    ),
    (
        "click, in one line",
        1,
        ["loss 0.5", "Learning rate: Aborted!"],
        True,
        Reason.CRASH,
        "in a trial: Learning rate:",
    ),
    ("click, confirmed", 1, ["loss 0.5", "Go on [y/N]: Aborted!"], True, Reason.CRASH, "in a trial: Go on [y/N]:"),
    ("click, hidden", 1, ["loss 0.5", "Token: ", "Aborted!"], True, Reason.CRASH, "in a trial: Token:"),
    ("click, interrupted", 1, ["step 1 loss 0.5", "Aborted!"], True, Reason.CRASH, "its last line was 'Aborted!'"),
    ("click, in the midst", 1, ["Loading data:", "Aborted!"], True, Reason.CRASH, "its last line was 'Aborted!'"),
    ("a question of click", 1, ["Overwrite? [y/N]:", "Aborted!"], True, Reason.CRASH, "answers in a trial: Overwrite?"),
    (
        "late type error",
        1,
        [*TRACE, "TypeError: train() got an unexpected keyword argument 'x'"],
        True,
        Reason.CRASH,
        "'x'",
    ),
    (
        "no file",
        2,
        ["python: can't open file '/x/t.py': [Errno 2] No such file or directory"],
        False,
        Reason.SETUP,
        "open",
    ),
    ("no module", 1, [*TRACE, "ModuleNotFoundError: No module named 'peft'"], False, Reason.SETUP, "peft"),
    (
        "cuda",
        1,
        [*TRACE, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB"],
        True,
        Reason.OOM,
        "2 GiB",
    ),
    ("cuda, caught", 3, ["CUDA error: out of memory", "giving up"], True, Reason.OOM, "out of memory"),
    ("host", 1, [*TRACE, "MemoryError"], True, Reason.HOST_OOM, "MemoryError"),
    ("disk", 1, [*TRACE, "OSError: [Errno 28] No space left on device"], True, Reason.DISK_FULL, "No space"),
    ("nan", 1, [*TRACE, "ValueError: loss is nan at step 30"], True, Reason.NAN, "step 30"),
    ("crash", 1, [*TRACE, "IndexError: list index out of range", "wandb: finishing"], True, Reason.CRASH, "IndexError"),
    ("silent crash", 7, [], True, Reason.CRASH, "exit code 7"),
    ("liar", 0, ["val_loss 0.5", *TRACE, "RuntimeError: boom"], True, Reason.CRASH, "boom"),
    ("ran out, caught", 0, ["step 1 loss 0.5", "Error: CUDA out of memory.", "giving up"], True, Reason.OOM, "CUDA"),
    ("ran out, went on", 0, ["CUDA out of memory.", "retry", "step 1 loss 0.5", "step 2 loss 0.4"], True, None, ""),
    ("nan, caught", 0, ["val_loss 0.5", "Loss is nan, stopping training"], True, Reason.NAN, "Loss is nan"),
    ("nan, named", 0, ["step 3 loss nan", "step 4 loss 0.5", "done"], True, None, ""),
    ("interrupted, caught", 0, ["loss 0.5", "KeyboardInterrupt caught, saving"], True, Reason.LOST, "saving"),
    ("interrupted, saved", 0, ["loss 0.5", "Interrupted, saving"], True, Reason.LOST, "saving"),
    ("no Python", 1, ['  File "t.py", line 1', "SyntaxError: invalid syntax"], False, Reason.SETUP, "invalid"),
    ("last line of metrics", 7, ["step 3 loss 0.5"], True, Reason.CRASH, "exit code 7: its last line was 'step 3 loss"),
    ("segfault", -signal.SIGSEGV, ["step 3"], True, Reason.CRASH, "SIGSEGV"),
    ("terminated", -signal.SIGTERM, ["step 3"], True, Reason.LOST, "SIGTERM"),
    ("interrupted", 130, ["KeyboardInterrupt"], True, Reason.LOST, "SIGINT"),
]


@pytest.mark.parametrize(
    ("code", "lines", "reported", "reason", "said"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_the_reason_and_the_scripts_own_words(
    code: int, lines: list[str], reported: bool, reason: Reason | None, said: str
) -> None:
    failure = classify_script_end(code, lines, reported=reported)
    assert (failure.reason if failure else None) == reason
    assert said in str(failure or "")


def test_a_kill_for_memory_is_known_by_the_kernels_count() -> None:
    assert classify_script_end(-9, [], reported=True, oom_kills=1).reason is Reason.HOST_OOM  # type: ignore[union-attr]
    assert classify_script_end(-9, [], reported=True).reason is Reason.LOST  # type: ignore[union-attr]


def test_a_traceback_after_the_last_step_costs_no_trained_trial() -> None:
    assert classify_script_end(0, [*TRACE, "RuntimeError: while closing"], reported=True, all_steps=True) is None


def _traceback(kind: str) -> list[str]:
    """Return the lines that Python prints of an exception, also of one within another or with notes."""
    try:
        try:
            if kind == "many lines":
                raise ValueError("the depth is 16\n  and may be 12\n  at most")
            raise KeyError("depth")
        except KeyError as error:
            if kind == "chained":
                raise RuntimeError("no depth") from error
            if kind == "within":
                float("deep")
            raise
    except (ValueError, KeyError, RuntimeError):
        return traceback.format_exc().splitlines()


KINDS_OF_TRACEBACKS = ("plain", "many lines", "chained", "within")
RESULTS = {
    "of a metric": ["Accuracy:  0.9125"],
    "of a model": ["AA boosted:", "Recall: 0.75"],
    "of a file": ["Saved: model.pkl"],
    "of a list": ["", "Scores", "[0.5, 0.75]"],
    "of a warning alone": ["", "  warnings.warn(some_fits_failed, FitFailedWarning)"],
    "of a line behind it": ["/lib/search.py:9: UserWarning: some scores are non-finite: [nan 0.9]", "  warnings.warn("],
}


@pytest.mark.parametrize("kind", KINDS_OF_TRACEBACKS)
@pytest.mark.parametrize("rank", ["", "[rank0]: "])
@pytest.mark.parametrize("after", RESULTS)
def test_a_traceback_that_a_warning_shows_is_no_end(kind: str, rank: str, after: str) -> None:
    begin = [
        "/lib/validation.py:425: FitFailedWarning: ",
        "3 fits failed out of a total of 12.",
        "-" * 80,
        "3 fits failed with the following error:",
    ]
    warned = [f"{rank}{line}" for line in ["Accuracy:  0.5", *begin, *_traceback(kind)]]
    went_on = [f"{rank}{line}" for line in RESULTS[after]]
    assert classify_script_end(0, [*warned, *went_on], reported=True) is None


@pytest.mark.parametrize("kind", KINDS_OF_TRACEBACKS)
@pytest.mark.parametrize("rank", ["", "[rank0]: "])
@pytest.mark.parametrize("after", [[], [""], ["", "-" * 80]])
def test_a_traceback_that_nothing_follows_is_the_end(kind: str, rank: str, after: list[str]) -> None:
    lines = [f"{rank}{line}" for line in ["Accuracy:  0.9125", *_traceback(kind), *after]]
    failure = classify_script_end(0, lines, reported=True)
    assert failure is not None
    assert failure.reason is Reason.CRASH
