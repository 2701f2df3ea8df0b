"""Secrets that stand everywhere in a study are in nothing that a verb shows, exports or reports."""

import json
import os
import sys
import tarfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hptui import open_study, plugins, studyfile
from hptui.cli.main import _guarded
from hptui.core import masking
from hptui.core.errors import MachineError, StudyError, UserError
from hptui.core.study import FILE_SETS
from hptui.core.values import show
from hptui.operations import ownership
from hptui.operations.export import archive
from hptui.operations.run import run
from hptui.operations.spawn_runner import spawn_runner
from hptui.results.view import read_view
from hptui.store.paths import StudyDir
from hptui.store.store import Store
from tests.operations.made import make, trial

PLANTED = {
    "option": "plainword-1",
    "equals": "plainword-2",
    "env": "plainword-3",
    "parameter": "plainword-4",
    "form": "sk-proj-4hT9x2Lm8Vq1Zs7Rk3Wd",
    "login": "u5er:p4ssw0rd",
    "query": "Zk8Qm3Tv6Yb1",
    "choice_one": "swordfishes",
    "choice_two": "plainword-6",
    "webhook": "T0AB12/B0CD34/x9Kf2LmQ",
    "random": "q7Rk2Zp9Xw4Lm8Vt3Hs6",
    "note": "hf_Ab1Ab1Ab1Ab1Ab1Ab1",
    "metric": "ghp_Zx9Qw3Er5Ty7Ui1Op2As",
    "path": "AKIAZ7Q4W2E8R6T1Y3U5",
    "event": "glpat-Zx9Qw3Er5Ty7Ui1O",
    "revision": "xoxb-1234567890-abcdef",
    "evaluate": "plainword-7",
    "stage": "plainword-8",
}
"""Secrets, each in a place of its own."""

FILE = """
    name = "made"
    about = "about {note}"
    trial_name = "t{{number}}"
    on_end = ["curl", "-d", "done", "https://hooks.slack.com/services/{webhook}"]
    [objective]
    metric = "loss"
    [trainer]
    kind = "command"
    command = ["{python}", "train.py", "--api-key", "{option}", "--service-password={equals}", "{form}", "{{args}}"]
    evaluate = ["{python}", "evaluate.py", "--client-secret", "{evaluate}"]
    env = {{ SERVICE_API_KEY = "{env}", HUB_URL = "https://{login}@hub.example.org/x" }}
    api_key = "{parameter}"
    hub_token = "{random}"
    pad_token = "<|reserved_special_token_250|>"
    data = "https://data.example.org/set?token={query}&n=1"
    train = "/data/{path}/train.jsonl"
    learning_rate = 1e-3
    width = 16
    [space]
    learning_rate = {{ low = 1e-5, high = 1e-1, log = true, note = "why {note}" }}
    account_secret = {{ choices = ["{choice_one}", "{choice_two}"] }}
    [search]
    sampler = "random"
    baseline = false
    trials = 8
    [[preset]]
    name = "other"
    set = {{ api_key = "{stage}" }}
    note = "see {note}"
    [notes]
    rationale = "because {note}"
    width = "not {form}"
    future = ["ask {note}"]
    [report]
    title = "of {note}"
""".format(**PLANTED, python=sys.executable)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> StudyDir:
    home = tmp_path_factory.mktemp("planted")
    (home / "train.py").write_text("import argparse\nargparse.ArgumentParser().parse_args()\n")
    trials = []
    for number in range(8):
        secret = PLANTED["choice_one" if number % 2 else "choice_two"]
        more = {
            "note": f"with {PLANTED['note']}",
            "title": f"api_key={PLANTED['parameter']}",
            "effective": {"api_key": PLANTED["parameter"], "data": f"https://{PLANTED['login']}@x.example.org/"},
            "facts": {"session_token": PLANTED["random"], "metric_sources": {"loss": PLANTED["path"]}},
            "params": {"learning_rate": 10 ** -(2 + number / 4), "account_secret": secret},
        }
        if number == 5:
            trials.append(trial(5, "failed", "crash", message=f"401: {PLANTED['env']} for {PLANTED['form']}", **more))
        else:
            trials.append(trial(number, "complete", "finished", 0.5 + 0.01 * number, **more))
    sd = make(home, trials=trials, text=FILE)
    with Store.open(sd) as store, store.transaction():
        store.add_event("warning", "trainer", f"said {PLANTED['event']} and {PLANTED['env']}", None)
        for attempt in store.read.attempts():
            command = f"python train.py --api-key {PLANTED['option']} --say {PLANTED['form']}"
            store.update_attempt(attempt.token, environment={**attempt.environment, "command": command})
        for number in range(8):
            log = sd.attempt(number, 1) / "log.txt"
            log.write_text(f"using {PLANTED['option']} and {PLANTED['form']}\npassword: {PLANTED['equals']}\n")
            (sd.attempt(number, 1) / "config.json").write_text(
                json.dumps({"settings": {"api_key": PLANTED["parameter"]}})
            )
    (home / "made.toml").write_text("\n".join(line[4:] for line in FILE.splitlines()))
    return sd


def leaks(data: bytes) -> list[str]:
    return [place for place, secret in PLANTED.items() if secret.encode() in data]


def parts(path: Path):
    """What a file holds, readable."""
    if path.suffix == ".parquet":
        yield repr(pq.read_table(path).to_pydict()).encode()
    elif path.name.endswith(".tar.gz"):
        with tarfile.open(path) as tar:
            for member in tar.getmembers():
                yield member.name.encode()
                if file := tar.extractfile(member):
                    yield file.read()
    else:
        yield path.read_bytes()


def verbs(sd: StudyDir, out: Path):
    """Every way in which the study may be shown."""
    name, home, file = sd.name, ["--home", str(sd.root.parent)], str(sd.root.parent / "made.toml")
    for words in (
        ["status"], ["status", name], ["status", name, "--json"], ["trials", name], ["trials", name, "--json"],
        ["trials", name, "--columns", "number,account_secret,api_key,data,note,message,title,hub_token"],
        ["show", name, "best"], ["show", name, "5"], ["show", name, "best", "--json"], ["log", name, "best"],
        ["space", name], ["space", name, "--json"], ["doctor", name], ["doctor", name, "--json"], ["paths", name],
        ["wait", name], ["check", file], ["check", file, "--json"],
        ["check", file, "--set", f"trainer.api_kei={PLANTED['parameter']}"],
        ["check", file, "--set", "search.sampler=cmaes"], ["check", file, "--set", "search.sampler=grid"],
        ["check", file, "--set", f"trainer.account_secret={PLANTED['form']}"],
        ["check", file, "--set", "space.account_secret.chioces=1"], ["check", file, "--set", "space.account_secret=7"],
        ["check", file, "--set", "space.account_secret.low=1"],
        ["run", name, "--set", f"space.api_key={PLANTED['form']}"], ["note", name, "77", PLANTED["note"]],
        ["report", name], ["report", name, "--style", "hyperparameters"],
        ["report", name, "-o", str(out / "report"), "--html", "--figures", "svg"],
        ["report", name, "-o", str(out / "hyper"), "--style", "hyperparameters", "--figures", "none"],
        ["report", "--check", str(out / "report" / "report.md")],
        ["export", name, "--archive", "--redact", "-o", str(out / "copy.tar.gz")],
        ["gc", name, "--dry-run"], ["add", name, "--like", "99", f"api_key={PLANTED['form']}"],
    ):  # fmt: skip
        yield [*home, *words]
    for kind in FILE_SETS:
        yield [*home, "export", name, "--like", kind, "-o", str(out / kind)]
    for how in plugins.names("exporters"):
        if how in ("ax", "wandb", "optuna"):
            continue  # slow to import: the test below
        spec = plugins.spec("exporters", how)
        target = ["-o", str(out / "formats" / (spec.example or f"all.{how}"))] if spec.binary else []
        if spec.scope != "study":
            yield [*home, "export", name, "best", "--format", how, "--prefix", "HP_"]
        if spec.scope != "trial":
            yield [*home, "export", name, *(["all"] if spec.scope != "study" else []), "--format", how, *target]
        yield [*home, "export", name, "best", "--format", how, "--prefix", "X_", "-o", str(out / f"one-{how}")]


def forget_secrets():
    """Forget what earlier verbs have masked, as each verb of a person is a process of its own."""
    masking._labels.clear()
    masking._known.clear()
    masking._known_pattern[0] = None
    masking._mask_key.cache_clear()


@pytest.mark.process
def test_no_verb_and_no_format_shows_a_secret(study, tmp_path, capfdbinary):
    found, shown = {}, b""
    for words in verbs(study, tmp_path):
        forget_secrets()
        _guarded(words)
        printed = b"\n".join(capfdbinary.readouterr())
        shown += printed
        if lost := leaks(printed):
            found[" ".join(words[2:])] = lost
    for path in tmp_path.rglob("*"):
        if path.is_file() and (lost := [place for part in parts(path) for place in leaks(part)]):
            found[str(path.relative_to(tmp_path))] = lost
    assert not found, json.dumps(found, indent=1)
    assert b"bug in hptui" not in shown
    assert b"***1" in shown, "secret choices can still be told apart"
    assert shown.count(b"<|reserved_special_token_250|>") > 3, "a special token is no secret"
    assert len(list(tmp_path.rglob("*"))) > 40


@pytest.mark.slow
@pytest.mark.parametrize("how", ["ax", "wandb", "optuna"])
def test_no_foreign_format_holds_a_secret(study, tmp_path, capfdbinary, how):
    target = tmp_path / "out" / how
    forget_secrets()
    assert _guarded(["--home", str(study.root.parent), "export", study.name, "--format", how, "-o", str(target)]) == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [place for path in files for part in parts(path) for place in leaks(part)]


def test_what_runs_again_keeps_its_secrets_and_what_is_shown_has_none(study):
    real, shown = read_view(study, secrets=True), read_view(study)
    assert real.study.trainer.settings["api_key"] == PLANTED["parameter"]
    assert shown.study.trainer.settings["api_key"] == "***"
    assert shown.study.trainer.settings["width"] == 16
    assert [trial.values for trial in shown.trials] == [trial.values for trial in real.trials]
    assert {trial.params["account_secret"] for trial in shown.trials} == {"***1", "***2"}


def test_python_shows_no_secret_unless_it_is_asked_for_them(study):
    def everything(found):
        frames = repr(found.to_pandas().to_dict()), [trial.as_dict() for trial in found]
        rows = [
            (trial.settings, trial.params, trial.facts, trial.message, trial.note, trial.attempts()) for trial in found
        ]
        return repr((found, found.specification, found.message, found.events(), found.space, frames, rows)).encode()

    assert leaks(everything(open_study(study.root))) == []
    assert {"parameter", "form", "note"} <= set(leaks(everything(open_study(study.root, secrets=True))))


def test_an_archive_warns_of_secrets_and_a_copy_without_them_cannot_run(study, tmp_path, capfd):
    words = ["--home", str(study.root.parent), "export", study.name, "--archive", "-o"]
    assert _guarded([*words, str(tmp_path / "whole.tar.gz")]) == 0
    said = capfd.readouterr().err
    assert "holds secrets" in said
    assert "trainer.command" in said
    assert any(leaks(part) for part in parts(tmp_path / "whole.tar.gz"))
    archive(study, tmp_path / "copy.tar.gz", redact=True)
    with tarfile.open(tmp_path / "copy.tar.gz") as tar:
        tar.extractall(tmp_path / "home", filter="data")
    copy = StudyDir(tmp_path / "home" / study.name)
    assert len(read_view(copy).trials) == 8
    assert not leaks(copy.db.read_bytes())
    with pytest.raises(UserError, match="without secrets"):
        spawn_runner(copy)


@pytest.mark.parametrize("value", ["swordfish", ["swordfish", "x9"], {"low": "swordfish"}, 271828], ids=str)
def test_errors_and_changes_name_no_secret(value):
    """Even a plain word, which nothing but its name gives away."""
    for where in ("trainer.api_key", "space.db_password.choices[1]", "stage.1.set.client_secret"):
        error = StudyError(f"must be a number, got {show(value)}", where=where, value=value, hint=f"not {show(value)}")
        assert "***" in str(error)
        assert "***" in str(error.at("made.toml"))
        assert not any(word in str(error) for word in ("swordfish", "271828"))
    assert "swordfish" in str(StudyError(f"got {show('swordfish')}", where="trainer.pad_token", value="swordfish"))


def test_a_change_of_a_secret_is_told_without_it():
    text = FILE.replace("plainword-4", "swordfish").replace("swordfishes", "tuna")
    before, after = studyfile.read_text(FILE), studyfile.read_text(text)
    told = "\n".join(studyfile.describe_changes(before, after))
    assert "api_key" in told
    assert "account_secret" in told
    assert not any(word in told for word in ("swordfish", "tuna", "plainword"))


def test_a_name_that_is_a_secret_is_refused(tmp_path, capfd):
    path = tmp_path / "bad.toml"
    for text in (
        f'[objective]\nmetric = "{PLANTED["metric"]}"\n[trainer]\nkind = "toy"\n',
        f'[objective]\nmetric = "loss"\n[trainer]\nkind = "command"\ncommand = ["x"]\n{PLANTED["metric"]} = 1\n',
    ):
        path.write_text(f'name = "bad"\n{text}')
        assert _guarded(["check", str(path)]) == 2
        said = capfd.readouterr().err
        assert "looks like a secret" in said
        assert not leaks(said.encode())


def test_a_study_of_another_user_is_read_and_neither_changed_nor_run(study, capfd, monkeypatch):
    home = study.root.parent
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    for words in (["status"], ["trials", study.name]):
        assert _guarded(["--home", str(home), *words]) == 0
        assert "belongs to" in capfd.readouterr().err
    study.lock.touch()
    study.lock.chmod(0)  # as it is to anybody else
    for verb, *words in (
        ["run"], ["note", "1", "mine now"], ["pause"], ["stop"], ["rm", "--yes"], ["rm"], ["gc"],
        ["doctor", "--repair"], ["add", "learning_rate=0.01"], ["space", "learning_rate=1e-3..1e-2"], ["resume"],
    ):  # fmt: skip
        assert _guarded(["--home", str(home), verb, study.name, *words]) == 1, verb
        assert "belongs to" in capfd.readouterr().err
    with pytest.raises(MachineError, match="belongs to"):
        run(home, str(home / "made.toml"))
    token = ownership.ALLOW_OWNER.set(True)
    try:
        ownership.require_runnable(study)
    finally:
        ownership.ALLOW_OWNER.reset(token)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    study.lock.chmod(0o600)
    assert "belongs to" in send_note(home, study, capfd) or home.stat().st_uid == 0


def send_note(home, study, capfd):
    """What root is told once, while it goes on."""
    assert _guarded(["--home", str(home), "note", study.name, "1", "as root"]) == 0
    return capfd.readouterr().err
