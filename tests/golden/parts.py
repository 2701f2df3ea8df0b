"""What is recorded, part by part. A part is a function that yields names and what they stand for, as text.

Nothing here knows a module of the package: everything is what the program prints and writes.
"""

from __future__ import annotations

import json
import lzma
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.golden.masks import numbers, plain, times
from tests.golden.place import ARCHIVE, FILES, HOME, INPUTS, PLACE, ROOT, environment, unpack
from tests.golden.server import Server

Records = Iterator[tuple[str, str]]
STUDIES = ("every", "halted", "imported", "letters", "nometric", "old", "pareto", "script", "staged", "warm")
FIRST = "every"
TEXTS = (".md", ".json", ".csv", ".yaml", ".yml", ".toml", ".txt", ".py", ".env", ".svg", ".jsonl", ".sh")
WARM = (["status", "--json"], ["trials", FIRST], ["show", FIRST, "0"], ["space", FIRST], ["check", "files/every.toml"])


def said(answer: dict[str, Any], mask: Callable[[str], str] = plain) -> str:
    """A call's answer as text: exit code, stdout, and stderr where there is any."""
    found = f"exit {answer['code']}\n{answer['out']}"
    if answer["err"]:
        found += ("" if found.endswith("\n") else "\n(no end of line)\n") + f"--- stderr\n{answer['err']}"
    return mask(found)


def server(home: Path = HOME, **env: str) -> Server:
    """The program over the archive's HOME."""
    return Server(environment(home, **env), WARM, PLACE)


@dataclass(frozen=True)
class Job:
    """A call to record."""

    name: str
    words: Sequence[str]
    cwd: Path = PLACE
    mask: Callable[[str], str] = plain
    out: Path | None = None


def done(*shares: Sequence[Job], home: Path = HOME) -> Records:
    """What the program answers to each, the shares side by side; and what lies in `out` afterwards."""

    def share(mine: Sequence[Job]) -> list[tuple[str, str]]:
        with server(home) as program:
            found = []
            for job in mine:
                answer = said(program.call(*job.words, cwd=job.cwd), job.mask)
                found.append((job.name, answer + (f"\n{written(job.out, job.mask)}" if job.out else "")))
            return found

    with ThreadPoolExecutor(len(shares)) as pool:
        for found in pool.map(share, shares):
            yield from found


def written(folder: Path, mask: Callable[[str], str] = plain) -> str:
    """What lies in a folder: names, and the content of texts."""
    found = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder] if folder.exists() else []:
        if not path.is_file():
            continue
        name = path.relative_to(folder) if path != folder else path.name
        if path.suffix in TEXTS and not (path.suffix == ".svg" or b"\0" in path.read_bytes()):
            found.append(f"=== {name}\n{mask(path.read_text())}")
        else:
            found.append(f"=== {name} (there)\n")
    return "\n".join(found)


# help ------------------------------------------------------------------------------------------------------------


def help_() -> Records:
    """The help of the program and of every verb that its help names."""
    unpack(ARCHIVE)
    with server() as program:
        answer = program.call("--help")
        yield "hptui", said(answer)
        verbs = re.findall(r"^  ([a-z]+)  +\S", answer["out"].partition("\nVerbs:")[2], re.MULTILINE)
        for verb in verbs:
            yield verb, said(program.call(verb, "--help"))
        yield "wrong", "".join(said(program.call(*words)) for words in WRONG)


WRONG: tuple[list[str], ...] = (
    ["runn"],
    ["study.toml"],
    ["trials"],
    ["trials", "nothing"],
    ["show", FIRST, "777"],
    ["show", FIRST, "bset"],
    ["trials", FIRST, "--nonsense"],
    ["trials", FIRST, "--sort", "los"],
    ["trials", FIRST, "--columns", "widht"],
    ["--nonsense"],
    ["pause", FIRST],
    ["pause", FIRST, "1", "--after-trials"],
    ["retry", FIRST, "0"],
    ["check"],
    ["check", "nothing.toml"],
    ["open"],
    ["space", FIRST, "widht={1, 2}"],
    ["space", FIRST, "width=banana"],
    ["add", FIRST, "widht=3"],
    ["export", FIRST, "best", "--format", "excel"],
    ["run", "nothing"],
    ["import", "nothing.csv", "--into", FIRST],
)
"""Words that are refused, and change nothing."""


# the stores ------------------------------------------------------------------------------------------------------


LOOKS: tuple[list[str], ...] = (
    ["status", "S"],
    ["status", "S", "--json"],
    ["trials", "S"],
    ["trials", "S", "--json"],
    ["trials", "S", "--sort", "-learning_rate", "-n", "3"],
    ["trials", "S", "--status", "complete", "--columns", "learning_rate,seconds,note,status"],
    ["space", "S"],
    ["space", "S", "--json"],
    ["paths", "S"],
    ["paths", "S", "--json"],
    ["paths", "S", "0"],
    ["paths", "S", "best", "--json"],
    ["log", "S"],
    ["log", "S", "0"],
    ["log", "S", "best", "-n", "3"],
    ["wait", "S", "--timeout", "0"],
    ["gc", "S", "--dry-run"],
    ["report", "S"],
    ["report", "S", "--json"],
    ["report", "S", "--style", "hyperparameters"],
    ["export", "S", "0", "--format", "json", "--params-only"],
    ["export", "S", "all", "--format", "json"],
    ["export", "S", "all", "--format", "csv"],
    *(["export", "S", "best", "--format", one] for one in ("yaml", "json", "toml", "csv", "flags", "python", "env")),
    ["export", "S", "--format", "sweep"],
)
"""What only looks, at every study."""
MORE: tuple[list[str], ...] = (
    ["status"],
    ["status", "--json"],
    ["paths"],
    ["paths", "--json"],
    ["gc", "--dry-run"],
    ["gc", "--dry-run", "--json"],
    ["export", FIRST, "all", "--format", "yaml"],
    ["export", FIRST, "all", "--format", "toml"],
    ["export", FIRST, "all", "--format", "python"],
    ["export", FIRST, "best", "--format", "flags", "--hyphens", "--rename", "width=w"],
    ["export", FIRST, "best", "--format", "env", "--prefix", "HP_"],
    ["export", FIRST, "best", "--format", "parquet"],
    ["import", "files/earlier.csv", "--into", "imported", "--map", "lr=learning_rate", "--dry-run"],
    ["new", "files/train.py"],
    ["completion", "bash"],
    ["completion", "zsh"],
    ["completion", "fish"],
)
"""What looks at all, or at one study only."""
WRITTEN: tuple[tuple[str, list[str]], ...] = (
    ("report-results", ["report", FIRST, "--figures", "none", "-o", "OUT"]),
    ("report-svg", ["report", FIRST, "--figures", "svg", "--html", "-o", "OUT"]),
    ("report-staged", ["report", "staged", "--figures", "none", "-o", "OUT"]),
    ("report-pareto", ["report", "pareto", "--figures", "svg", "-o", "OUT"]),
    ("report-letters", ["report", "letters", "--style", "hyperparameters", "--figures", "none", "-o", "OUT/run.md"]),
    ("report-warm", ["report", "warm", "--figures", "none", "-o", "OUT"]),
    ("report-script", ["report", "script", "--figures", "none", "-o", "OUT"]),
    ("like-ax", ["export", FIRST, "--like", "ax-results", "-o", "OUT"]),
    ("like-optuna", ["export", FIRST, "--like", "optuna-study-results", "-o", "OUT"]),
    ("like-hptui", ["export", FIRST, "--like", "hptui", "-o", "OUT"]),
    ("parquet", ["export", FIRST, "all", "-o", "OUT/trials.parquet"]),
    ("optuna", ["export", FIRST, "-o", "OUT/study.db"]),
    ("ax", ["export", "pareto", "--format", "ax", "-o", "OUT/client.json"]),
    ("tensorboard", ["export", FIRST, "--format", "tensorboard", "-o", "OUT"]),
    ("sweep", ["export", "script", "--format", "sweep", "-o", "OUT/sweep.yaml"]),
)
"""What is written, and where it takes a folder."""
ONLY_THERE = ("ax", "tensorboard", "optuna")
"""Formats of other programs: that the files are there is all that is asked."""


def stores() -> Records:
    """What every verb that looks says of the archive's studies, and what it writes of them."""
    unpack(ARCHIVE)
    yield from done([Job(" ".join(words), words, mask=times) for words in MORE])
    # A verb may hold a study's lock for a moment, which another call would see: a study is of one share only.
    yield from done(_looks(STUDIES[::2]), _looks(STUDIES[1::2]))


def _looks(studies: Sequence[str]) -> list[Job]:
    jobs = []
    for study in studies:
        for words in LOOKS:
            found = [study if word == "S" else word for word in words]
            jobs.append(Job(" ".join(found), found))
        for number in [*sorted(int(one.name) for one in (HOME / study / "trials").iterdir()), "best"]:
            jobs += [Job(f"show {study} {number}{more}", ["show", study, str(number), *more.split()]) for more in BOTH]
    return jobs


BOTH = ("", " --json")


def files() -> Records:
    """What reports and exports write, and what `report --check` says of it before and after a change."""
    unpack(ARCHIVE)
    with server() as program:
        for name, words in WRITTEN:
            out = PLACE / "out" / name
            out.mkdir()
            answer = said(program.call(*(word.replace("OUT", f"out/{name}") for word in words)))
            if name in ONLY_THERE:
                answer += "\n" + "\n".join(sorted(re.sub(r"\d{6,}.*", "N", one.name) for one in out.rglob("*")))
            else:
                answer += "\n" + times(written(out))
            yield name, answer
            for report in sorted(out.glob("*.md")):
                if (out / "facts.json").exists():
                    yield f"{name} check {report.name}", said(program.call("report", "--check", str(report)))
                    text = report.read_text()
                    report.write_text(re.sub(r"(\d)\.(\d)", lambda m: f"{m[1]}.{(int(m[2]) + 1) % 10}", text, count=9))
                    for more in ([], ["--json"]):
                        again = program.call("report", "--check", str(report), *more)
                        yield " ".join([name, "check changed", report.name, *more]), said(again)
            shutil.rmtree(out)
        yield "doctor", said(program.call("doctor"), numbers)
        for study in STUDIES:
            yield f"doctor {study}", said(program.call("doctor", study), numbers)


# study files -----------------------------------------------------------------------------------------------------


IN_JSON = ("quickstart", "charlm_days", "script-torch", "sweep", "qwen_coder_lora_small")
"""Study files of which `check --json` is recorded, too: most others look at model and data once more for it."""


def check() -> Records:
    """What `check` says of the repository's study files, and of good and bad ones from the tests."""
    unpack(ARCHIVE)
    shutil.copytree(ROOT / "studies", PLACE / "studies")
    shutil.copytree(FILES, PLACE / "made")
    inputs = PLACE / "inputs"
    inputs.mkdir()
    for name, text in json.loads(lzma.decompress(INPUTS.read_bytes())).items():
        (inputs / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    jobs = []
    for path in sorted((PLACE / "studies").rglob("*")):
        if path.suffix in (".toml", ".yaml"):
            name = str(path.relative_to(PLACE))
            jobs += [Job(name + more, ["check", name, *more.split()]) for more in BOTH[: 1 + (path.stem in IN_JSON)]]
    toml, yaml = (
        sorted(path.name for path in inputs.glob("*.toml")),
        sorted(path.name for path in inputs.glob("*.yaml")),
    )
    jobs += [Job(name, ["check", name], inputs) for name in toml + yaml]
    jobs += [Job(f"{name} --json", ["check", name, "--json"], inputs) for name in toml[::10] + yaml[::3]]
    for name in yaml[::2]:
        out = inputs / f"made-{name}.toml"
        jobs.append(Job(f"import {name}", ["import", name, "-o", out.name], inputs, out=out))
    yield from done(jobs[::2], jobs[1::2], home=PLACE / "empty")
