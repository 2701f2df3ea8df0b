"""Settings that stand for the trials to come: what is finite is all there, ranges by their ends, nothing infeasible."""

from __future__ import annotations

from typing import Any

from hptui import studyfile
from hptui.core.planned_trials import planned_differences, representative_settings
from hptui.core.study import Study
from hptui.trainers.registry import schema

HEAD = """
name = "s"
[objective]
metric = "loss"
[trainer]
kind = "sft"
model = "base"
max_length = 64
"""


def study(text: str) -> Study:
    return studyfile.read_text(HEAD + text)


def seen(text: str, *names: str, **defaults: Any) -> dict[str, dict[str, Any]]:
    one = study(text)
    usual = representative_settings(one, defaults)
    found = planned_differences(one, names, defaults)
    return {v.where: {k: x for k, x in v.settings.items() if usual.get(k) != x} for v in found}


def test_choices_are_all_there_and_ranges_by_their_ends():
    found = seen(
        """[space]
        max_length = { choices = [32, 64, 128] }
        rate = { low = 0.1, high = 0.5 }
        rank = { choices = [1, 2] }
        """,
        "max_length",
        "rate",
    )
    assert list(found) == [
        "max_length=32",
        "max_length=32, rate=0.5",
        "rate=0.5",
        "max_length=128",
        "max_length=128, rate=0.5",
    ]
    assert found["max_length=32, rate=0.5"] == {"max_length": 32, "rate": 0.5}


def test_what_is_not_feasible_or_not_active_is_not_looked_at():
    text = """[space]
        a = { choices = [1, 2, 4] }
        b = { choices = [1, 8] }
        c = { choices = [5, 6], when = "b == 8" }
        d = { expr = "a * 10" }
        [search]
        constraints = ["a * b <= 16"]
        """
    found = seen(text, "a", "b", "c", "d")
    assert found["a=2, b=8, d=20"] == {"a": 2, "b": 8, "c": 5, "d": 20}
    assert found["a=2, b=8, c=6, d=20"]["c"] == 6
    assert found["a=4, d=40"] == {"a": 4, "d": 40}
    assert not any("a=4, b=8" in where for where in found)
    assert list(seen(text, "d")) == ["a=2, d=20", "a=4, d=40"], "what it follows from"
    assert "b=8, c=6" in seen(text, "c"), "what it depends on"


def test_an_expression_may_need_what_only_the_trainer_knows():
    text = """
        name = "s"
        [objective]
        metric = "val_loss"
        [trainer]
        kind = "charlm"
        [space]
        model_dim = "{64, 128}"
        num_heads = { expr = "model_dim // max_seq_len" }
        [search]
        trials = 2
        """
    one = studyfile.read_text(text, schema=schema)
    (found,) = planned_differences(one, ["num_heads"], {"max_seq_len": 32})
    assert found.settings == {"model_dim": 128, "num_heads": 4}


def test_many_combinations_are_looked_at_one_value_at_a_time():
    axes = "\n".join(f"{name} = {{ choices = [1, 2, 3] }}" for name in "abcd")
    assert list(seen(f"[space]\n{axes}", *"abcd")) == [f"{name}={value}" for name in "abcd" for value in (2, 3)]


def test_stages_listed_trials_and_presets_are_variants_and_each_difference_counts_once():
    text = """[space]
        rank = "{1, 2}"
        width = { expr = "max_length // 2" }
        [[stage]]
        name = "short"
        trials = 2
        set = { max_length = 32 }
        [[stage]]
        name = "long"
        trials = 2
        from = "best 1"
        space = { rank = "{2, 8}" }
        set = { max_length = 256 }
        [[trial]]
        name = "mine"
        set = { max_length = 48 }
        [[trial]]
        set = { max_length = 48, rate = 0.5 }
        [[preset]]
        name = "tiny"
        set = { max_length = 8 }
        """
    one = study(text)
    found = {v.where: v for v in planned_differences(one, ["max_length", "rank", "width"], {})}
    assert list(found) == [
        *("stage short", "stage short: rank=2, width=16", "stage long", "stage long: rank=8, width=128"),
        *("[[trial]] mine", "[[preset]] tiny"),
    ]
    assert found["stage long: rank=8, width=128"].settings["max_length"] == 256
    assert found["[[trial]] mine"].settings["width"] == 24
    assert [v.where for v in found.values() if not v.runs] == ["[[preset]] tiny"]


def test_a_table_that_no_trial_takes_does_not_stand_for_them():
    text = '[space]\nmax_length = "{{128, 256}}"\n[search]\nbaseline = {}\n'
    assert representative_settings(study(text.format("true")), {})["max_length"] == 64
    assert representative_settings(study(text.format("false")), {})["max_length"] == 128
    silent = study('[space]\nrank = "{4, 8}"')
    assert representative_settings(silent, {"rank": 16})["rank"] == 16, "the baseline has the trainer's own"
    assert [one.where for one in planned_differences(silent, ["rank"], {"rank": 16})] == ["rank=4", "rank=8"]
