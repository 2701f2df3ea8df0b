"""`[notify]` of a study file and of the user's configuration, and what is said of its secrets before a start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hptui.core.errors import HptuiError, StudyError
from hptui.core.notify import Notify
from hptui.operations.check import check
from hptui.operations.notify import notify_settings, notify_warnings
from hptui.studyfile import from_json, read_file, read_text, to_json
from hptui.tui.config import load_config

STUDY = """
    name = "told"
    objective = { metric = "loss" }
    trainer = { kind = "toy" }
    space = { learning_rate = "1e-4..1e-2 log" }
    search = { trials = 4 }
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "hptui" / "config.toml"
    path.parent.mkdir()
    return path


def test_the_study_file_is_over_the_users_configuration_key_by_key(config: Path) -> None:
    config.write_text(
        'theme = "safe"\n[notify]\non = ["done"]\nemail = "me@example.org"\nwebhook = "MINE"\nform = "ntfy"\n'
    )
    plain = read_text(STUDY)
    assert notify_settings(plain) == Notify(on=("done",), email="me@example.org", webhook="MINE", form="ntfy")
    own = read_text(f'{STUDY}\n[notify]\non = ["best"]\nwebhook = "TEAM"\n')
    assert notify_settings(own) == Notify(on=("best",), email="me@example.org", webhook="TEAM")
    loaded = load_config()
    assert (loaded.theme, loaded.notify.email, loaded.problems) == ("safe", "me@example.org", ())


def test_a_study_keeps_its_notify_and_one_without_has_no_key() -> None:
    plain = read_text(STUDY)
    assert "notify" not in to_json(plain)
    keys = Notify(("done", "disk"), ("say", "{title}"), "TEAM", "slack", "TOKEN", "me")
    full = replace(plain, notify=keys)
    assert from_json(to_json(full)) == full


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('email = "a, b"', "email"),
        ('webhook = "https://hooks.example.org/services/T0/B0/abcdefgh"', "webhook"),
        ('wehbook = "X"', "wehbook"),
        ("[notify", "TOML"),
    ],
)
def test_a_mistake_in_the_configuration_is_named_with_its_file_and_sends_on_by_the_study_file(
    config: Path, text: str, expected: str
) -> None:
    config.write_text(text if text.startswith("[") else f"[notify]\n{text}\n")
    study = read_text(f'{STUDY}\n[notify]\nemail = "me@example.org"\n')
    [warning] = notify_warnings(study)
    assert str(config) in warning
    assert expected in warning or expected == "TOML"
    assert "abcdefgh" not in warning
    assert notify_settings(study) == study.notify
    assert load_config().problems


def test_check_says_which_secrets_are_missing(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "study.toml"
    path.write_text(f'{STUDY}\n[notify]\nwebhook = "TEAM_HOOK"\ntoken = "TEAM_TOKEN"\n')
    monkeypatch.setenv("TEAM_HOOK", "http://127.0.0.1:1/")
    monkeypatch.delenv("TEAM_TOKEN", raising=False)
    [warning] = [text for text in check(path).warnings if text.startswith("notify")]
    assert "notify.token" in warning
    assert "TEAM_TOKEN is not set" in warning
    monkeypatch.setenv("TEAM_TOKEN", "t")
    assert [text for text in check(path).warnings if text.startswith("notify")] == []


@pytest.mark.parametrize("key", ["webhook", "token"])
def test_no_secret_stands_in_a_study_file_and_the_error_does_not_quote_it(key: str) -> None:
    secret = "https://hooks.example.org/services/T0/B0/abcdefgh"
    with pytest.raises(StudyError, match="environment variable") as caught:
        read_text(f'{STUDY}\n[notify]\n{key} = "{secret}"\n')
    assert "abcdefgh" not in f"{caught.value} {caught.value!r} {caught.value.value}"


def test_a_sweep_file_never_sets_it(tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    (tmp_path / "train.py").write_text("")
    text = "program: train.py\nmethod: random\nmetric: {name: loss, goal: minimize}\n"
    text += "parameters: {lr: {min: 0.1, max: 1.0}}\n"
    path.write_text(text)
    assert read_file(path).notify == Notify()
    path.write_text(f"{text}notify: {{command: [sh, -c, id]}}\n")
    assert read_file(path).notify == Notify()
    path.write_text(f"{text}hptui: {{notify: {{command: [sh, -c, id]}}}}\n")
    with pytest.raises(HptuiError, match="notify"):
        read_file(path)
