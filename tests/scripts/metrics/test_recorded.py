"""The values of the objective that a script says are those on record: many formats, bars, rewritten files, kills."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hptui.store.store import Store
from tests.scripts.metrics.record import Script, open_store, without_redraws


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Store]]:
    folder = tmp_path_factory.mktemp("recorded")
    with open_store(folder) as store:
        yield folder, store


NEXT = iter(range(1, 100_000))


def script(place: tuple[Path, Store], objective: str = "val_loss", **settings: Any) -> Script:
    return Script(*place, next(NEXT), objective, **settings)


def value(rng: random.Random) -> float:
    return round(rng.uniform(0.001, 9.0), rng.randint(3, 6)) or 0.123


Line = Callable[[random.Random, str, int, int, float], str]
"""(random, objective, step, steps, value) -> what is printed."""

STEPPED: dict[str, Line] = {
    "words": lambda r, name, step, n, v: f"step {step}/{n} {name} {v}\n",
    "equals": lambda r, name, step, n, v: f"[{step}/{n}] Epoch: {step} lr=1e-4 {name}={v}, grad_norm=3.2\n",
    "dict": lambda r, name, step, n, v: f"{ {'loss': 3.1, name: v, 'epoch': step} }\n",
    "json": lambda r, name, step, n, v: json.dumps({"step": step, name: v, "nested": {"deep": 1}}) + "\n",
    "colour": lambda r, name, step, n, v: f"\x1b[32mINFO\x1b[0m Epoch {step} - {name}: {v}\n",
    "postfix": lambda r, name, step, n, v: (
        f"\r {100 * step // n:3d}%|███   | {step}/{n} [00:0{step % 9}<00:09,  1.2it/s, {name}={v}]"
    ),
}
"""Forms that say their step."""
REPEATED: dict[str, Line] = {
    "beside a bar": lambda r, name, step, n, v: f"{name}: {v}\n",
    "with others": lambda r, name, step, n, v: f"{name}: {v} | accuracy: {r.random():.3f} | lr: 0.1\n",
    "in a table": lambda r, name, step, n, v: f"│ {name} │ {v} │\n",
    "dict": lambda r, name, step, n, v: f"{ {name: v, 'runtime': 1.2} }\n",
}
"""Forms that do not."""


def printed(rng: random.Random, name: str, count: int) -> tuple[bytes, list[float]]:
    """What a script prints, and its values of the objective in their order."""
    text, values, steps = "", list[float](), count + rng.randint(0, 3)
    style = rng.choice(list(STEPPED))
    if rng.random() < 0.4:
        text += "batch_size: 8\nmodel_dim = 64\nseed: 3\n"
    for step in range(1, count + 1):
        if rng.random() < 0.5:  # a bar that stands at its last drawn state
            text += f"\r {100 * step // steps:3d}%|█  | {step}/{steps} [00:01<00:02,  3.10it/s]\n"
        for index in range(rng.choice([1, 1, 1, 2, 3])):
            form = STEPPED[style] if index == 0 or rng.random() < 0.5 else rng.choice(list(REPEATED.values()))
            values.append(value(rng))
            line = form(rng, name, step, steps, values[-1])
            if style == "words" and form is STEPPED[style] and rng.random() < 0.3:
                values.append(value(rng))
                line = f"{line.rstrip()} | {name}: {values[-1]}\n"
            elif rng.random() < 0.3:
                line += line  # drawn again
            text += line if line.endswith("\n") or index == 0 else f"{line}\n"
    return text.encode(), values


@pytest.mark.parametrize("objective", ["val_loss", "eval/accuracy", "Dev F1", "eval/micro f1 score", "loss (val)"])
def test_what_is_printed_is_what_is_recorded(place: tuple[Path, Store], objective: str) -> None:
    for seed in range(40):
        rng = random.Random(f"{objective} {seed}")
        one = script(place, objective)
        one.begin()
        data, values = printed(rng, objective, rng.randint(1, 8))
        while data:
            size = rng.choice([1, 7, 60, 4096])
            one.say(data[:size])
            data = data[size:]
            if rng.random() < 0.1:
                one.tick()
        one.end()
        assert without_redraws(one.values()) == without_redraws(values), (objective, seed)


def test_a_bar_that_stands_hides_nothing(place: tuple[Path, Store]) -> None:
    one = script(place)
    one.begin()
    one.say(b"\r  0%|          | 0/6 [00:00<?, ?it/s]")
    values = [0.99, 0.5, 0.2, 0.4, 0.45, 0.6]
    for number in values:
        one.say(f"validation loss: {number}\n".encode())
    one.end()
    assert one.curve() == [(0, number) for number in values]
    summary = one.store.read.metric_summaries(one.number)["val_loss"]
    assert (summary.low, summary.value, summary.n) == (0.2, 0.6, 6)


def rewritten(rng: random.Random, path: Path) -> Iterator[list[float]]:
    """A log that is appended to, rewritten with more columns, begun anew, or replaced; yields what it has held."""
    rows: list[dict[str, Any]] = []
    seen: list[float] = []
    columns = ["step", "train_loss"]
    for step in range(1, rng.randint(4, 9)):
        if rng.random() < 0.15 and rows:
            rows = []  # another run in the same file
        row: dict[str, Any] = {"step": step, "train_loss": value(rng)}
        if rng.random() < 0.6:
            row["val_loss"] = value(rng)
            seen.append(row["val_loss"])
        rows.append(row)
        grown = [*columns, *(name for name in row if name not in columns)]
        rng.shuffle(grown) if len(grown) > len(columns) else None
        appended = len(rows) > 1 and grown == columns and rng.random() < 0.6
        columns = grown
        target = path.with_suffix(".tmp") if rng.random() < 0.3 and not appended else path
        with target.open("a" if appended else "w", newline="") as file:
            if path.suffix == ".csv":
                writer = csv.DictWriter(file, columns, restval="")
                if not appended:
                    writer.writeheader()
                writer.writerows(rows[-1:] if appended else rows)
            else:
                file.writelines(json.dumps(one) + "\n" for one in (rows[-1:] if appended else rows))
        target.replace(path)
        yield seen


@pytest.mark.parametrize("name", ["metrics.csv", "log.jsonl"])
def test_a_file_that_is_rewritten_is_read_under_its_own_names(place: tuple[Path, Store], name: str) -> None:
    for seed in range(40):
        rng = random.Random(f"{name} {seed}")
        one = script(place, metrics=[f"*{name}"])
        one.begin()
        seen: list[float] = []
        for seen in rewritten(rng, one.output / name):  # noqa: B007  what it has held at the end
            one.tick()
        one.end()
        assert sorted(one.values()) == sorted(seen), (name, seed)


def test_killed_attempts_leave_no_hole(place: tuple[Path, Store]) -> None:
    """Each attempt is killed at a random place, twice in a row before it reports, or with events that were lost."""
    for seed in range(40):
        rng = random.Random(f"kill {seed}")
        style = rng.choice([name for name in STEPPED if name != "postfix"])
        objective, steps = "val_loss", rng.randint(6, 14)
        one = script(place)
        expected: dict[int, list[float]] = {}
        checkpoint = 0
        one.begin()
        while True:
            last = rng.random() < 0.3
            stop = steps if last else min(steps, checkpoint + rng.choice([0, 0, 1, 3, 5]))
            for step in [step for step in expected if step > checkpoint]:
                del expected[step]
            for step in range(checkpoint + 1, stop + 1):
                expected[step] = [value(rng) for _ in range(rng.choice([1, 1, 2]))]
                for number in expected[step]:
                    one.say(STEPPED[style](rng, objective, step, steps, number).encode())
            if last:
                one.end()
                break
            one.end(kept=rng.randint(0, 2 * (stop - checkpoint)))
            # It resumes from where the log shows every point: from any step up to the last.
            checkpoint = rng.randint(checkpoint, stop)
            one.begin(resumes_after=checkpoint or None)
        recorded: dict[int, list[float]] = {}
        for step, number in one.curve():
            recorded.setdefault(step, []).append(number)
        assert recorded == expected, seed
        assert not [text for text in one.warnings() if "curve incomplete" in text], seed


def test_what_no_log_shows_is_said_to_be_unknown(place: tuple[Path, Store]) -> None:
    one = script(place)
    one.begin()
    for step in range(1, 47):
        one.say(f"step {step} val_loss {1 / step:.4f}\n".encode())
    one.end(kept=999)
    one.begin(resumes_after=50)
    assert one.unknown == "val_loss is unknown from step 47 to 50"
    assert one.covered == 46
    one.end(kept=0)
    one.begin(resumes_after=50)  # killed before it reported anything: the hole is still there
    assert (one.unknown, one.covered) == ("val_loss is unknown from step 47 to 50", 46)
    one.end()
    assert len(one.curve()) == 46


JUNK = [
    "[" * 100_000 + "]" * 100_000,
    "{" * 3000 + '"a":' + "}" * 3000,
    '{"a":' * 5000 + "1" + "}" * 5000,
    '{"step": 1, "val_loss": 1' + "0" * 400 + "}",
    '{"step": [Infinity, 5], "val_loss": [Infinity, 5]}',
    '{"step": 1e400, "epoch": NaN, "val_loss": {"k": 1}}',
    '{"k": "metrics", "m": null}',
    '{"k": "metrics", "source": 5, "s": "x", "m": {"val_loss": [1, 0], "a": {}}, "p": "x", "total": [], "odd": 3}',
    '{"k": "effective", "settings": 5}',
    '{"k": ["metrics"]}',
    "step " + "9" * 5000 + " loss 1",
    "Epoch 1e9/" + "9" * 5000 + ": acc=1",
    "100%|██| " + "9" * 5000 + "/" + "9" * 5000 + " [00:00<?, ?it/s]",
    "val_loss: 0.001" + "x" * 70_000,
    "x" * 8_185 + " val_loss: 0.00123",
    '{"note": "' + "z" * 5_000_000 + '", "val_loss": 0.001, "step": 2}',
    "null",
    "3",
    "\x00\x00\ufffd\ud7ff",
]
"""Lines that none of the readers expects. None of them has a value of the objective that a reader could take."""


@pytest.mark.parametrize("kind", ["output", "log.jsonl", "log.csv", "log.txt", "reports.jsonl"])
def test_a_line_that_nobody_expects_costs_that_line(place: tuple[Path, Store], kind: str) -> None:
    one = script(place, metrics=[] if kind in ("output", "reports.jsonl") else [f"*{kind}"])
    one.begin()
    values = [round(1 / step, 4) for step in range(1, len(JUNK) + 1)]
    path = one.run.root / kind if kind == "reports.jsonl" else one.output / kind
    for step, (number, junk) in enumerate(zip(values, JUNK, strict=True), 1):
        good = {
            "output": f"step {step} val_loss {number}",
            "log.jsonl": json.dumps({"step": step, "val_loss": number}),
            "log.csv": ("step,val_loss\n" if step == 1 else "") + f"{step},{number}",
            "log.txt": f"step {step} val_loss {number}",
            "reports.jsonl": json.dumps({"k": "metrics", "source": "report", "s": step, "m": {"val_loss": number}}),
        }[kind]
        if kind == "output":
            one.say(f"{good}\n{junk}\n".encode())
        else:
            with path.open("a") as file:
                file.write(f"{good}\n{junk}\n")
        one.tick()
    one.end()
    assert [value for value in one.values() if value in values] == values
    assert set(one.values()) - set(values) == set()


def test_names_that_fill_an_event_cost_no_trial(place: tuple[Path, Store]) -> None:
    one = script(place)
    one.begin()
    long = "ж" * 180
    one.say("".join(f"{'ж' * 70}{number}: {number}\n" for number in range(150)).encode())
    one.say(b"step 1 val_loss 0.5\n")
    metrics = {f"{long} {number}": [float("nan"), 1.0][number % 2] for number in range(300)}
    record = json.dumps({"k": "metrics", "source": "report", "s": 1, "m": metrics})
    (one.run.root / "reports.jsonl").write_text(record + "\n")
    one.end()
    assert (one.curve(), one.warnings()) == ([(1, 0.5)], [])
    assert len(one.store.read.metric_names(one.number)) == 301
    facts = one.store.read.trial(one.number).facts
    assert facts["metric_sources"]["val_loss"] == "output"  # type: ignore[index,call-overload]
    assert len(facts["printed_settings"]) > 20  # type: ignore[arg-type]


@pytest.mark.parametrize("last", [b"", b"final score: 0.7\n", b"val_loss: 0.5\n", b"step 1 val_loss 0.5\n"], ids=repr)
@pytest.mark.parametrize("said", [b"begin {'pause': 0.15, 'width': 64}\n", b"pause=0.15 width=64\n"], ids=repr)
def test_printed_settings_of_a_script_that_crashed_are_no_metrics(
    place: tuple[Path, Store], said: bytes, last: bytes
) -> None:
    """It printed its settings and broke, before it had measured anything; a script without steps measures, too."""
    one = script(place)
    one.begin()
    one.say(said + last)
    one.end()
    has_steps, has_objective = b"step" in last, b"val_loss" in last
    settings, names = {"pause", "width"}, set(one.store.read.metric_names(one.number))
    assert settings <= names if has_objective and not has_steps else not settings & names
    assert ("score" in str(names)) == (b"score" in last)
    facts = one.store.read.trial(one.number).facts
    assert settings <= names or facts["printed_settings"] == {"pause": 0.15, "width": 64}
