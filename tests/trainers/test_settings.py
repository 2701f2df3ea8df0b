"""Settings: what a dataclass says of itself, and how plain values become one."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest

from hptui import plugins
from hptui.core.errors import UserError
from hptui.core.keys import FLAG, FLOAT, PLAIN_LIST, TEXT, WHOLE_FLOAT, Key
from hptui.trainers import registry, toy
from hptui.trainers.charlm.settings import CharlmSettings as CharSettings
from hptui.trainers.settings import build, describe, setting


@dataclass(frozen=True, slots=True)
class Settings:
    model: str = setting(help="which model")
    rate: float = setting(1e-3, "how fast", unit="1/step", category="Training", typical="1e-5 to 1e-2")
    layers: int = setting(4, "how deep", memory=True, low=1)
    wild: bool = setting(False, "whether to be wild")
    decay: str = setting("none", "which", choices=("none", "cosine"))
    marks: list[int] = setting([], "where")  # noqa: RUF009
    limit: float | None = setting(None, "none: no limit")


GIVEN = {"model": "small"}
GUIDE = (
    *("model_dim", "num_layers", "num_heads", "dropout", "max_seq_len", "learning_rate", "batch_size", "epochs"),
    *("lr_schedule", "warmup_steps", "lr_decay", "lr_steps", "gradient_clip", "gradient_accumulation"),
    *("mixed_precision", "early_stopping", "patience"),
)


def test_the_schema_says_all_that_a_form_needs() -> None:
    schema = describe(Settings)
    assert list(schema) == ["model", "rate", "layers", "wild", "decay", "marks", "limit"]
    assert schema["model"] == Key("model", TEXT, "which model", default=None, required=True)
    assert schema["rate"] == Key(
        "rate", FLOAT, default=1e-3, help="how fast", unit="1/step", category="Training", typical="1e-5 to 1e-2"
    )
    assert [info.type for info in schema.values()] == [TEXT, FLOAT, WHOLE_FLOAT, FLAG, TEXT, PLAIN_LIST, FLOAT]
    assert schema["layers"].affects_memory
    assert schema["decay"].choices == ("none", "cosine")
    assert schema["marks"].default == []


def test_a_schema_handed_out_can_be_changed_without_harm() -> None:
    describe(Settings).clear()
    assert "rate" in describe(Settings)


def test_numbers_become_the_type_of_the_setting() -> None:
    made = build(Settings, {**GIVEN, "rate": 1, "layers": 6.0, "limit": 2, "marks": (1, 2)})
    assert made == Settings("small", 1.0, 6, marks=[1, 2], limit=2.0)
    assert type(made.rate) is float
    assert type(made.layers) is int
    assert build(Settings, {**GIVEN, "limit": None}).limit is None


def test_lists_are_not_shared() -> None:
    build(Settings, GIVEN).marks.append(1)
    assert build(Settings, GIVEN).marks == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({**GIVEN, "rat": 1}, "no setting 'rat' (given 1)\n  did you mean 'rate'?"),
        ({}, "needs the setting 'model'"),
        ({**GIVEN, "rate": "fast"}, "rate must be a number, got 'fast'"),
        ({**GIVEN, "rate": True}, "rate must be a number, got True"),
        ({**GIVEN, "rate": float("nan")}, "rate must be a number, got nan"),
        ({**GIVEN, "rate": None}, "rate must be a number, got None"),
        ({**GIVEN, "layers": 2.5}, "layers must be a whole number, got 2.5"),
        ({**GIVEN, "layers": True}, "layers must be a whole number, got True"),
        ({**GIVEN, "layers": 0}, "layers must be at least 1, got 0"),
        ({**GIVEN, "wild": 1}, "wild must be true or false, got 1"),
        ({**GIVEN, "decay": "cosin"}, "decay must be one of none, cosine, got 'cosin'\n  did you mean 'cosine'?"),
        ({**GIVEN, "marks": 3}, "marks must be a list, got 3"),
        ({"model": 3}, "model must be a text, got 3"),
    ],
)
def test_what_cannot_be_is_refused_with_name_and_value(values: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        build(Settings, values)  # type: ignore[arg-type]
    assert message in str(caught.value)


@pytest.mark.parametrize("settings", [toy.ToySettings, CharSettings])
def test_every_built_in_setting_has_help_and_a_category(settings: type) -> None:
    schema = describe(settings)
    assert all(info.help and info.category for info in schema.values())
    assert build(settings, {name: info.default for name, info in schema.items()}) == settings()


def test_charlm_has_the_names_that_guides_use() -> None:
    assert set(GUIDE) <= set(describe(CharSettings))
    schema = describe(CharSettings)
    assert schema["model_dim"].typical == "64 to 1024"
    assert {name for name, info in schema.items() if info.affects_memory} == {
        *("model_dim", "num_layers", "num_heads", "batch_size", "max_seq_len")
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model_dim": 100, "num_heads": 3}, "got model_dim=100 and num_heads=3"),
        ({"learning_rate": 0}, "learning_rate must be above 0"),
        ({"epochs": -1}, "epochs must be above 0"),
        ({"dropout": 1.0}, "dropout must be below 1"),
        ({"dropout": -0.1}, "dropout must be at least 0"),
        ({"validation": 0}, "validation must be between 0 and 1"),
        ({"lr_steps": ["100"]}, "lr_steps must hold whole numbers of steps, got '100'"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"lr_schedule": "cosinus"}, "did you mean 'cosine'?"),
    ],
)
def test_charlm_refuses_what_cannot_work(values: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        build(CharSettings, values)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_schemas_and_the_toy_need_no_torch() -> None:
    code = (
        "import sys; from hptui.trainers import registry, worker; registry.schema('toy'); registry.schema('charlm');"
        "registry.load('toy'); print(sorted(set(sys.modules) & {'torch', 'numpy', 'optuna', 'tomlkit'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_trainer_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="there is no trainer 'charm'") as caught:
        registry.schema("charm")
    assert "did you mean 'charlm'?" in caught.value.hint


def test_a_launcher_stays_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert registry.preload("module:function") == ()
    for kind in plugins.names("trainers"):
        code = "import os, importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
        code += "print(len(os.listdir('/proc/self/task')))"
        done = subprocess.run([sys.executable, "-c", code, *registry.preload(kind)], capture_output=True, text=True)
        assert done.stdout.strip() == "1", done.stderr
