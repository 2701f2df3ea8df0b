"""The schema of a user's own trainer, read in another process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hptui.core.errors import UserError
from hptui.core.keys import FLAG, FLOAT, PLAIN_LIST, TEXT, VALUE, WHOLE_FLOAT, Key
from hptui.trainers.registry import schema

pytestmark = pytest.mark.process

MODULE = """
from __future__ import annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING
from hptui.trainers import setting
if TYPE_CHECKING:
    from nowhere import Unknown
print("noise on import")

def train(data: str, rate=1e-3, layers: int = 4, fast=False, sizes=(8, 16), limit: float | None = None, how=print,
          trial=None): ...
def vague(rate: Unknown = 0.5, *rest, trial): ...
def anything(rate=1.0, **more): ...
def positional(rate, /): ...

@dataclass
class Knobs:
    rank: int = setting(16, "capacity", unit="", category="LoRA", typical="4 to 64", memory=True, choices=(8, 16))

def with_settings(settings, trial): ...
with_settings.Settings = Knobs
number = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "ours.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("import sys\nraise ValueError('no luck')")
    (tmp_path / "deep.py").write_text("import no_such_package")
    (tmp_path / "dies.py").write_text("import os, sys\nprint('last words', file=sys.stderr)\nos._exit(3)")
    return str(tmp_path)


def test_keyword_arguments_are_the_settings(folder: str) -> None:
    assert schema("ours:train", folder) == {
        "data": Key("data", TEXT, default=None, required=True),
        "rate": Key("rate", FLOAT, default=1e-3),
        "layers": Key("layers", WHOLE_FLOAT, default=4),
        "fast": Key("fast", FLAG, default=False),
        "sizes": Key("sizes", PLAIN_LIST, default=[8, 16]),
        "limit": Key("limit", FLOAT, default=None),
        "how": Key("how", VALUE, default=None),
    }


def test_annotations_that_cannot_be_resolved_do_no_harm(folder: str) -> None:
    assert schema("ours:vague", folder) == {"rate": Key("rate", FLOAT, default=0.5)}


def test_a_settings_class_says_more(folder: str) -> None:
    assert schema("ours:with_settings", folder) == {
        "rank": Key(
            "rank",
            WHOLE_FLOAT,
            "capacity",
            16,
            category="LoRA",
            typical="4 to 64",
            choices=(8, 16),
            affects_memory=True,
        )
    }


def test_any_settings_are_no_schema(folder: str) -> None:
    assert schema("ours:anything", folder) is None


def test_an_edit_is_seen(folder: str) -> None:
    module = Path(folder) / "edited.py"
    for default in (1, 2):
        module.write_text(f"def train(layers={default}): ...")
        assert schema("edited:train", folder) == {"layers": Key("layers", WHOLE_FLOAT, default=default)}


def test_nothing_of_the_users_is_imported_here(folder: str) -> None:
    schema("ours:train", folder)
    assert "ours" not in sys.modules
    assert folder not in sys.path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("ours:trian", "module 'ours' has no 'trian'\n  did you mean 'train'?"),
        ("theirs:train", "there is no module 'theirs' for the trainer 'theirs:train'"),
        ("ours:", "does not name a trainer"),
        ("ours:number", "3 is no trainer: it cannot be called"),
        ("ours:positional", "'rate' is positional-only"),
        ("broken:train", "importing the trainer 'broken:train' failed: ValueError: no luck"),
        ("deep:train", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("dies:train", "cannot be read\n  last words"),
    ],
)
def test_what_is_wrong_with_it_is_said(folder: str, kind: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        schema(kind, folder)
    assert message in str(caught.value)
