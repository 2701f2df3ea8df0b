"""How many sweep files and scripts of other people are read right.

`python -m tests.clients.rate [SAMPLE] [sweeps|scripts] [NAME…]`, of the first sample unless another one is named. Each
folder of `samples` has sweep files and scripts in the forms that people publish, with an `expected.yaml` of either. The
first was written from the documentation of the tools, the second by someone else after the readers were built, the
third in forms that neither has, and all later ones have forms of public repositories; each was written before readers
saw it. Printed are the shares of: sweeps read right; scripts that run right with the study file of a person; scripts
whose file by `hptui new` is usable as it stands (it passes `check`, and its baseline and one searched trial record the
value that the script has for these settings).
Libraries that several scripts stand in for are links to `samples/stand_ins`, of which a copy is laid out.
Nothing here is a test; `test_rate.py` holds the shares."""

from __future__ import annotations

import ast
import importlib.util
import json
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from hptui import studyfile
from hptui.core.errors import HptuiError
from hptui.core.parameters import Choice, Float, Int
from hptui.core.study import Study
from hptui.core.trial import Trial, TrialStatus
from hptui.operations.check import check, preflight
from hptui.operations.new import write_study_file
from hptui.results.export.text_formats import toml_key, toml_value
from hptui.scripts.arguments import compose_command
from hptui.scripts.metrics.pairs import canonical_name
from hptui.scripts.settings import read_command_spec
from hptui.trainers import registry

FOLDER = Path(__file__).parent / "samples"
NAMES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
         "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
         "eighteenth", "nineteenth")  # fmt: skip
SAMPLES = {name: (FOLDER / name / "sweeps", FOLDER / name / "scripts") for name in NAMES}
"""Folders of sweeps and scripts, by the name of a sample."""
SWEEPS, SCRIPTS = SAMPLES["first"]


def expected(folder: Path) -> dict[str, dict[str, Any]]:
    """What is expected of each file of a folder, by its name."""
    return yaml.safe_load((folder / "expected.yaml").read_text())


# -- sweeps


def sweep_faults(name: str, want: Mapping[str, Any], folder: Path, sample: Path = SWEEPS) -> list[str]:
    """What is read wrongly of one sweep, which is laid into an empty folder; [] if nothing is."""
    place = folder / want.get("at", "sweep.yaml")
    for path in (place, *(folder / file for file in want.get("files", ()))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    shutil.copyfile(sample / f"{name}.yaml", place)
    before = Path.cwd()
    os.chdir(folder / want["stand"] if "stand" in want else place.parent)
    try:
        study = studyfile.read_file(place, schema=registry.schema)
        said = [*study.remarks, *studyfile.study_warnings(study, registry.schema)]
    except HptuiError as error:
        text = str(error)
        if "said" in want and all(word in text for word in want["said"]):
            return []
        if "refused" not in want:
            return [f"refused: {text}"]
        return [f"the error does not say {word!r}: {text}" for word in want["refused"] if word not in text]
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
    finally:
        os.chdir(before)
    if "refused" in want:
        return ["is read, though it is no sweep that can run"]
    if "said" in want:
        return [f"no note says {word!r}" for word in want["said"] if word not in "\n".join(said)]
    return list(_sweep_differences(study, said, want, folder))


def _sweep_differences(study: Study, said: list[str], want: Mapping[str, Any], folder: Path) -> Iterator[str]:
    names = {name: (study.trainer.settings.get("names") or {}).get(name, name) for name in study.trainer.settings}
    names |= {
        one.name: (study.trainer.settings.get("names") or {}).get(one.name, one.name) for one in study.space.parameters
    }
    own = set(registry.schema("command"))
    got: dict[str, Any] = {
        "objective": [part for one in study.objectives for part in (one.metric, one.goal)],
        "sampler": study.search.sampler,
        "trials": study.search.trials,
        "name": study.name,
        "space": {names[one.name]: _range(one) for one in study.space.parameters},
        "fixed": {names[name]: value for name, value in study.trainer.settings.items() if name not in own},
        "workdir": study.trainer.settings.get("workdir") or ".",
        "env": study.trainer.settings.get("env"),
        "target": study.search.until.target,
        "bands": list(study.search.pruner.values.get("bands", ()))[: len(want.get("bands", ()))],
    }
    for key in ("objective", "space", *(key for key in got if key in want)):
        if _plain(got[key]) != _plain(want[key]):
            yield f"{key}: {got[key]} instead of {want[key]}"
    if "fixed" not in want and got["fixed"]:
        yield f"fixed: {got['fixed']}"
    if "argv" in want:
        words = _words(
            study,
            {ours: want["with"][name] for ours, name in names.items() if name in want["with"] and ours not in own},
            folder,
        )
        if sorted(map(_word, words)) != sorted(map(_word, want["argv"])):
            yield f"argv: {words} instead of {want['argv']}"
    for key in ("notes", "warned"):
        for word in want.get(key, ()):
            if not any(word in text for text in said):
                yield f"no note says {word!r}"


def _words(study: Study, params: Mapping[str, Any], folder: Path) -> list[str]:
    spec = read_command_spec({**study.trainer.settings, **params})
    output = folder / "OUT"
    facts = dict.fromkeys(
        ("seed", "number", "attempt", "gpu", "threads", "port", "cache", "checkpoint", "study_dir"), "0"
    )
    words = compose_command(spec, {**facts, "trial_dir": str(output), "python": "python"}, folder, output).words
    return [word.replace(str(output), "OUT") for word in words]


def _word(word: str) -> str:
    """A word whose tables are in the order of their keys: W&B's server sorts them."""
    flag, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    for read in (json.loads, ast.literal_eval):
        try:
            if isinstance(table := read(value), dict):
                return flag + equals + json.dumps(table, sort_keys=True)
        except (ValueError, SyntaxError):
            continue
    return word


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _range(one: Any) -> Any:
    match one:
        case Choice() if one.shape:
            return one.shape
        case Choice() if len(one.choices) > 12:
            return f"{len(one.choices)} values {one.choices[0]}..{one.choices[-1]}"
        case Choice() if one.weights:
            return {"values": list(one.choices), "weights": list(one.weights)}
        case Choice():
            return list(one.choices)
        case Int() | Float():
            step = f" step {one.step:g}" if one.step and (isinstance(one, Float) or one.step != 1) else ""
            return f"{type(one).__name__.lower()} {one.low:.6g}..{one.high:.6g}{' log' * one.log}{step}"
    return repr(one)


# -- scripts


def missing_packages(want: Mapping[str, Any]) -> list[str]:
    """The packages that a script needs and that are not installed."""
    return [name for name in want.get("needs", ()) if importlib.util.find_spec(name) is None]


def new_faults(
    name: str, want: Mapping[str, Any], folder: Path, sample: Path = SCRIPTS, *, ask: bool = True
) -> tuple[list[str], Path | None]:
    """What is wrong with the file that `hptui new` writes, as far as it shows without running; the file.

    `ask`: the script is asked with `--help`, as `hptui check` does.
    """
    shutil.copytree(sample / name, folder, dirs_exist_ok=True)
    before = Path.cwd()
    os.chdir(folder)
    try:
        path, notes = write_study_file(want["source"])
        study = check(path).study
        warnings = preflight(study) if ask else []
    except HptuiError as error:
        return [f"check: {error}"], None
    except Exception as error:
        return [f"{type(error).__name__}: {error}"], None
    finally:
        os.chdir(before)
    # How soon a sampler answers says something about the machine, not about the file.
    faults = [f"warned: {text}" for text in warnings if "has not answered within" not in text]
    renamed = study.trainer.settings.get("names") or {}
    text = (folder / path).read_text()
    listed = {renamed.get(key, key): value for key, value in study.trainer.settings.items()}
    listed |= {key.replace("-", "_"): value for key, value in listed.items()}  # argparse's names of its flags
    listed = {want.get("aliases", {}).get(key, key): value for key, value in listed.items()}
    listed |= _by_variable(study, listed)
    for parameter, value in want["listed"].items():
        if value is None:
            continue
        if not _is_same(listed.get(parameter), value):
            faults.append(f"{parameter} is {listed.get(parameter)!r} instead of {value!r}")
    if want.get("only") and (more := set(listed) - set(want["listed"]) - set(registry.schema("command"))):
        faults.append(f"has no parameters {sorted(more)}")
    objective = study.objective
    if canonical_name(objective.metric) not in map(canonical_name, want["metric"]):
        faults.append(f"objective {objective.metric} instead of {want['metric'][0]}")
    elif canonical_name(objective.metric) == canonical_name(want["metric"][0]) and objective.goal != want.get(
        "goal", objective.goal
    ):
        faults.append(f"{objective.goal}s {objective.metric}")
    faults += [f"no note says {word!r}" for word in want.get("notes", ()) if word not in "\n".join([*notes, text])]
    return faults, folder / path


def _is_same(listed: Any, wanted: Any) -> bool:
    """Return whether a parameter has the value that is wanted: 2.0 is 2, and no truth value is a number."""
    are_numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (listed, wanted))
    return listed == wanted if are_numbers else json.dumps(listed) == json.dumps(wanted)


def run_faults(path: Path, want: Mapping[str, Any], home: Path, trials: int) -> list[str]:
    """What is wrong with the trials of a study of a script: how they ended, what they recorded."""
    from tests.support import kill_all, rest, run
    from tests.support import trials as recorded_trials

    before = Path.cwd()
    os.chdir(path.parent)
    try:
        # Other samplers try the middle of the range first, which is the script's own default: a setting that never
        # reaches it would not show.
        drawn = {"search.sampler": "random"} if trials > 1 else {}
        sd = rest(run(home, str(path), trials=str(trials), settings=drawn).sd, 120)
    except (HptuiError, AssertionError) as error:
        return [f"run: {error}"]
    finally:
        os.chdir(before)
        kill_all(home)
    study = studyfile.read_file(path, schema=registry.schema)
    found = recorded_trials(sd)
    faults = [] if len(found) == trials else [f"{len(found)} trials"]
    return faults + [fault for trial in found for fault in _trial_faults(study, trial, want)]


def _trial_faults(study: Study, trial: Trial, want: Mapping[str, Any]) -> Iterator[str]:
    if trial.status is not TrialStatus.COMPLETE:
        yield f"trial {trial.number} {trial.status}: {trial.message}"
        return
    renamed = study.trainer.settings.get("names") or {}
    settings = {renamed.get(key, key): value for key, value in {**study.trainer.settings, **trial.params}.items()}
    settings = {want.get("aliases", {}).get(key, key): value for key, value in settings.items()}
    settings = {**want["listed"], **want.get("unlisted", {}), **settings, **_by_variable(study, settings)}
    names = {re.sub(r"[.-]", "_", name): value for name, value in settings.items()}
    functions = {"abs": abs, "len": len, "sum": sum, "int": int, "float": float, "min": min, "log10": math.log10}
    right = eval(want["value"], functions, names)
    values = {**trial.metrics, **(trial.values or {})}
    names_of = want.get("of", study.objective.metric)  # a list has the names of one quantity in several places
    metrics = names_of if isinstance(names_of, list) else [names_of]
    known = [canonical_name(name) for name in metrics]
    metric, value = next(
        (
            (key, values[key])
            for key in sorted(values, key=lambda key: (key != study.objective.metric, key not in metrics))
            if canonical_name(key) in known
        ),
        (metrics[0], None),
    )
    if value is None or abs(value - right) > want.get("slack", 2e-3 * max(1.0, abs(right))):
        yield f"trial {trial.number}: {metric} = {value} instead of {right:.5g} for {trial.params}"


def _by_variable(study: Study, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by the variables of the environment that bring them: `{LR = "{learning_rate}"}`."""
    given = study.trainer.settings.get("env") or {}
    return {name: settings[text[1:-1]] for name, text in given.items() if str(text)[1:-1] in settings}


def by_hand(name: str, want: Mapping[str, Any], folder: Path, sample: Path = SCRIPTS) -> Path:
    """The study file that a person writes for a script: one listed trial."""
    shutil.copytree(sample / name, folder, dirs_exist_ok=True)
    metric = want.get("of") or want["metric"][-1 if name == "dictionary" else 0]
    metric = metric[0] if isinstance(metric, list) else metric
    lines = [f"name = {toml_value(name)}", "[objective]", f"metric = {toml_value(metric)}"]
    lines += [f"goal = {toml_value(want.get('goal', 'minimize'))}", "[trainer]", 'kind = "command"']
    lines += [f"{toml_key(key)} = {toml_value(value)}" for key, value in want["trainer"].items()]
    lines += ["[search]", 'sampler = "list"', "baseline = false", "[[trial]]", f"set = {toml_value(want['tried'])}"]
    path = folder / "by-hand.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def script_faults(
    name: str, want: Mapping[str, Any], folder: Path, sample: Path = SCRIPTS
) -> tuple[list[str], list[str]]:
    """What is wrong when a script runs with the file of a person, and with the file of `hptui new` as it stands."""
    ran = run_faults(by_hand(name, want, folder / "hand", sample), want, folder / "home1", 1)
    faults, path = new_faults(name, want, folder / "new", sample)
    if path is not None:
        faults += run_faults(path, want, folder / "home2", 2)
    return ran, faults


def main() -> None:
    """Print every fault, and the shares."""
    sample = next((word for word in sys.argv[1:] if word in SAMPLES), "first")
    sweeps, scripts = SAMPLES[sample]
    words = [word for word in sys.argv[1:] if word != sample]
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ["WANDB_MODE"] = "offline"
    if "scripts" not in words:
        wanted = {name: want for name, want in expected(sweeps).items() if not set(words) - {"sweeps"} or name in words}
        right = 0
        for name, want in wanted.items():
            with tempfile.TemporaryDirectory() as folder:
                faults = sweep_faults(name, want, Path(folder).resolve(), sweeps)
            right += not faults
            _say(name, faults)
        print(f"sweeps read right: {right} of {len(wanted)} ({100 * right / max(1, len(wanted)):.0f} %)\n", flush=True)
    if "sweeps" not in words:
        wanted = {
            name: want for name, want in expected(scripts).items() if not set(words) - {"scripts"} or name in words
        }
        ran = usable = count = 0
        for name, want in wanted.items():
            if missing := missing_packages(want):
                print(f"  {name}: left out, {', '.join(missing)} is not installed")
                continue
            with tempfile.TemporaryDirectory() as folder:
                faults, new = script_faults(name, want, Path(folder).resolve(), scripts)
            count, ran, usable = count + 1, ran + (not faults), usable + (not new)
            _say(f"{name} (by hand)", faults)
            _say(f"{name} (hptui new)", new)
        print(f"scripts that run right: {ran} of {count} ({100 * ran / max(1, count):.0f} %)")
        print(f"usable as `hptui new` writes them: {usable} of {count} ({100 * usable / max(1, count):.0f} %)")


def _say(name: str, faults: list[str]) -> None:
    if faults:
        print(f"  {name}: " + "\n    ".join(["", *faults]).strip(), flush=True)


if __name__ == "__main__":
    main()
