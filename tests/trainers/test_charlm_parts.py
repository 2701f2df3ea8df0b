"""The parts of `charlm`: its text, its schedules, its model, and what it writes."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from hptui.core.errors import UserError
from hptui.trainers.charlm import text, train
from hptui.trainers.charlm.model import CharLM, generate
from hptui.trainers.charlm.settings import CharlmSettings
from hptui.trainers.charlm.text import Corpus, docstrings, load, read


def small(**settings: Any) -> CharlmSettings:
    return CharlmSettings(
        **{"model_dim": 16, "num_layers": 2, "num_heads": 2, "max_seq_len": 8, "dropout": 0.0, **settings}
    )


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small standard library of our own, whose modules must not be imported."""
    root = tmp_path / "lib"
    for name, body in {
        "alpha.py": '"""About alpha."""\nraise RuntimeError("imported")\ndef f():\n    """Does f."""\n',
        "beta/__init__.py": 'class B:\n    """A B."""\n    async def g(self):\n        """Does f."""\n',
        "beta/gamma.py": '"""Ünicode."""\n',
        "torn.py": '"""About torn."""\ndef (',
        "test/test_x.py": '"""About tests."""',
        "site-packages/x.py": '"""Somebody else."""',
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(body, encoding="utf-8")
    monkeypatch.setattr(text.sysconfig, "get_path", lambda name: str(root))
    return root


def test_docstrings_are_taken_without_importing_anything(library: Path, tmp_path: Path) -> None:
    found = docstrings(0, tmp_path / "cache")
    assert sorted(found.split("\n\n")) == ["A B.", "About alpha.", "Does f."]


def test_docstrings_are_read_once(library: Path, tmp_path: Path) -> None:
    first = docstrings(0, tmp_path / "cache")
    (library / "alpha.py").unlink()
    assert docstrings(0, tmp_path / "cache") == first
    assert docstrings(5, tmp_path / "cache") == docstrings(0, tmp_path / "other")[:5]


def test_a_library_without_source_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text.sysconfig, "get_path", lambda name: str(tmp_path / "none"))
    with pytest.raises(UserError, match="set text to a file"):
        docstrings(0, tmp_path / "cache")


PREPARE = "import sys; from pathlib import Path; from hptui.trainers.charlm import text\n"
PREPARE += "real = text._extract\n"
PREPARE += "def counted(*a):\n    print('extracted'); return real(*a)\n"
PREPARE += "text._extract = counted\nprint(hash(text.docstrings(60_000, Path(sys.argv[1]))) and 'done')\n"


def test_parallel_trials_prepare_the_real_text_once(tmp_path: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", PREPARE, str(tmp_path / "cache")], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = "".join(process.communicate(timeout=120)[0] for process in running)
    assert said.split().count("extracted") == 1
    assert said.split().count("done") == 3
    found = docstrings(60_000, tmp_path / "cache")
    assert len(found) == 60_000
    assert found.isascii()
    assert found.count(" the ") > 200


def test_a_file_or_a_directory_can_be_the_text(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("second", encoding="utf-8")
    (tmp_path / "a.md").write_text("first ü", encoding="utf-8")
    (tmp_path / "c.bin").write_bytes(b"\xff")
    assert read(tmp_path / "b.txt", 0) == "second"
    assert read(tmp_path / "b.txt", 3) == "sec"
    assert read(tmp_path, 0) == "first ü\n\nsecond"
    with pytest.raises(UserError, match="no file or directory"):
        read(tmp_path / "none", 0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no text file in"):
        read(tmp_path / "empty", 0)


def test_characters_become_numbers_and_back(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("hällo wörld 😀 " * 10, encoding="utf-8")
    corpus = load(small(text="t.txt", validation=0.3), tmp_path, tmp_path / "cache")
    assert len(corpus.train) == 98
    assert len(corpus.validation) == 42
    assert corpus.vocabulary == "".join(sorted(set("hällo wörld 😀 ")))
    assert corpus.decode(torch.cat([corpus.train, corpus.validation]).tolist()) == "hällo wörld 😀 " * 10
    assert corpus.decode(corpus.encode("wörld?")) == "wörld"


def test_a_text_that_is_too_short_is_said_with_its_numbers(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("abcdefghij" * 8)
    with pytest.raises(UserError, match="too short for max_seq_len=8: 72 characters to train on and 8"):
        load(small(text="t.txt"), tmp_path, tmp_path / "cache")


def rates(total: int, per_epoch: float = 10.0, **settings: Any) -> list[float]:
    made = small(learning_rate=1.0, **settings)
    return [train.learning_rate_at(made, index, total, per_epoch) for index in range(total)]


def test_schedules_do_what_they_say() -> None:
    assert rates(3) == [1.0, 1.0, 1.0]
    assert rates(6, warmup_steps=4) == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    cosine = rates(5, warmup_steps=1, lr_schedule="cosine")
    assert cosine == pytest.approx([1.0, 1.0, *(0.5 * (1 + math.cos(math.pi * n / 4)) for n in (1, 2, 3))])
    assert rates(5, lr_schedule="step", lr_decay=0.1, lr_steps=[2, 4]) == pytest.approx([1, 1, 0.1, 0.1, 0.01])
    halving = rates(21, lr_schedule="exponential", lr_decay=0.5)
    assert (halving[0], halving[10], halving[20]) == (1.0, 0.5, 0.25)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"warmup_steps": 5},
        {"warmup_steps": 500},
        {"warmup_steps": 500, "lr_schedule": "cosine"},
        {"warmup_steps": 10, "lr_schedule": "step", "lr_steps": [3, 15]},
        {"warmup_steps": 10, "lr_schedule": "exponential"},
        {"warmup_steps": 0, "lr_schedule": "step", "lr_steps": [0, 100]},
    ],
)
def test_the_peak_is_the_largest_rate_of_the_run(settings: dict[str, Any]) -> None:
    made = small(learning_rate=1.0, **settings)
    assert train.peak_learning_rate(made, 20, 7.0) == max(rates(20, 7.0, **settings))


def test_no_character_sees_what_follows_it() -> None:
    torch.manual_seed(0)
    model = CharLM(small(), 11).eval()
    ids = torch.randint(11, (1, 8))
    changed = ids.clone()
    changed[0, 5:] = (changed[0, 5:] + 1) % 11
    one, other = model(ids), model(changed)
    assert torch.equal(one[0, :5], other[0, :5])
    assert not torch.equal(one[0, 5], other[0, 5])


def test_an_untrained_model_knows_nothing() -> None:
    torch.manual_seed(0)
    for dim in (16, 128):
        for tie, bound in ((False, 0.6), (True, 1.2)):  # a tied model begins by expecting each character twice
            model = CharLM(small(model_dim=dim, tie_weights=tie), 50)
            ids = torch.randint(50, (64, 9))
            assert model.loss(ids[:, :-1], ids[:, 1:]).item() == pytest.approx(math.log(50), abs=bound)


def test_tied_weights_are_one_matrix() -> None:
    tied, untied = (sum(p.numel() for p in CharLM(small(tie_weights=tie), 50).parameters()) for tie in (True, False))
    assert untied - tied == 50 * 16


def test_only_matrices_decay() -> None:
    model = CharLM(small(), 50)
    decayed, plain = model.parameter_groups(0.1)
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.1, 0.0)
    assert {p.dim() for p in decayed["params"]} == {2}  # type: ignore[attr-defined]
    assert {p.dim() for p in plain["params"]} == {1}  # type: ignore[attr-defined]


def test_a_sample_begins_with_the_prompt_and_follows_the_seed() -> None:
    torch.manual_seed(0)
    model = CharLM(small(), 5)
    corpus = Corpus(torch.zeros(1), torch.zeros(1), "\nabcd")

    def written(prompt: str, temperature: float, seed: int) -> str:
        return generate(model, corpus, prompt, 30, temperature, window=8, seed=seed)

    assert written("ab", 1.0, 1).startswith("ab")
    assert len(written("ab", 1.0, 1)) == 32
    assert written("ab", 1.0, 1) == written("ab", 1.0, 1) != written("ab", 1.0, 2)
    assert written("ab", 0.0, 1) == written("ab", 0.0, 2)
    assert written("xyz", 1.0, 1).startswith("\n")
