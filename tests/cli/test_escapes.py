"""No verb sends to a terminal, or into a pipe that ends at one, what a terminal would obey."""

import re
import subprocess

import pytest

from hptui.cli import output
from hptui.cli.main import _guarded
from hptui.core.errors import UserError
from hptui.results.export.text_formats import csv_text, env_text, flags_text, shell_word
from hptui.store.store import Store
from tests.cli.test_privacy import verbs
from tests.operations.made import EVIL, make, trial

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Controls other than line breaks and tabs."""
FILE = """
    name = "made"
    about = "EVIL"
    [objective]
    metric = "loss"
    [trainer]
    kind = "command"
    command = ["true", "EVIL"]
    style = "argparse"
    mode = "EVIL"
    learning_rate = 1e-3
    [space]
    learning_rate = { low = 1e-5, high = 1e-1, log = true, note = "EVIL" }
    kind_of = { choices = ["plain", "EVIL"] }
    [search]
    sampler = "random"
    trials = 8
    [metrics.loss]
    unit = "EVIL"
    heading = "EVIL"
    [notes]
    rationale = "EVIL"
    future = ["EVIL"]
    [report]
    title = "EVIL"
""".replace("EVIL", "".join(f"\\u{ord(letter):04x}" for letter in EVIL))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    home = tmp_path_factory.mktemp("escapes")
    trials = [
        trial(
            number,
            "failed" if number == 5 else "complete",
            "crash" if number == 5 else "finished",
            None if number == 5 else 0.5 + 0.01 * number,
            params={"learning_rate": 1e-3 * (number + 1), "kind_of": EVIL if number % 2 else "plain"},
            **dict.fromkeys(("note", "title", "message"), EVIL),
            facts={EVIL: EVIL},
            effective={EVIL: EVIL},
        )
        for number in range(8)
    ]
    sd = make(home, trials=trials, text=FILE)
    (home / "made.toml").write_text("\n".join(line[4:] for line in FILE.splitlines()))
    with Store.open(sd) as store:
        store.add_event("warning", "trainer", EVIL, None)
        for attempt in store.read.attempts():
            points = [(EVIL, step, 1.0 / step, None, float(step)) for step in (1, 2, 3)]
            store.ingest(attempt.token, attempt.trial, 1, points, offset=2, sequence=2)
            store.update_attempt(attempt.token, environment={"command": EVIL, "gpu": EVIL})
            (sd.attempt(attempt.trial, 1) / "log.txt").write_text(EVIL)
    return sd


@pytest.mark.process
@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_no_verb_sends_an_escape(study, tmp_path, monkeypatch, capfd, terminal):
    monkeypatch.setattr(output, "on_terminal", lambda: terminal)
    found, number = {}, 0
    for words in verbs(study, tmp_path):
        if "-o" in words:  # into a file
            continue
        code = _guarded(words)
        printed = "".join(capfd.readouterr())
        number += code == 0
        if obeyed := OBEYED.findall(printed):
            found[" ".join(words[2:])] = ascii(sorted(set(obeyed)))
        assert "bug in hptui" not in printed, (words, printed)
    assert not found, found
    assert number > 20


CONTROLS = [chr(code) for code in (*range(1, 32), *range(0x7F, 0xA0), 0x202E, 0x2066, 0xFEFF)]


@pytest.mark.process
def test_flags_are_quoted_so_that_a_shell_gets_the_value_and_a_terminal_nothing():
    texts = ["".join(CONTROLS), "it's \\ 7\x1b7", "\x1b]52;c;ZXZpbA==\x07", "plain 'text'", "\n"]
    line = flags_text({f"key{number}": text for number, text in enumerate(texts)})
    assert not OBEYED.search(line)
    script = "for word in " + " ".join(map(shell_word, texts)) + '; do printf "%s\\0" "$word"; done'
    answer = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout.decode()
    assert answer.split("\0")[:-1] == texts


def test_env_refuses_control_characters_and_names_the_key():
    for control in [*CONTROLS, "\0"]:
        with pytest.raises(UserError, match="mode"):
            env_text({"lr": 1, "mode": f"a{control}b"})
    assert env_text({"mode": "it's ü"}) == "MODE='it'\"'\"'s ü'\n"


def test_csv_spells_controls_out_in_cells_and_heads():
    text = csv_text([{f"a{EVIL}": EVIL, "n": "line\nbreak\tand tab"}])
    assert not OBEYED.search(text)
    assert "\\x1b]52;c;ZXZpbA==\\x07" in text
    assert "line\nbreak\tand tab" in text
