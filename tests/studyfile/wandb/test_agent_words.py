"""The words of a sweep's command against those of W&B's own agent, on sweeps that are made at random."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from hptui.scripts.arguments import compose_command
from hptui.scripts.settings import read_command_spec
from hptui.studyfile.wandb import convert

MACROS = (
    "args",
    "args_no_equals",
    "args_no_hyphens",
    "args_no_boolean_flags",
    "args_append_hydra",
    "args_override_hydra",
    "args_json",
)
NAMES = ("lr", "batch_size", "model.depth", "optimizer/init_args/lr", "use-amp", "numbers[0]", "a b", "config", "style")
TEXTS = ("adam", "it's", 'say "x"', "a=b", "-1", "", "1e-5", "true", "größe", "a,b", "{x}", "$HOME", "[1]")


def value(rng: random.Random, depth: int = 0) -> Any:
    """A value as a sweep file may have it."""
    made = [
        lambda: rng.choice([True, False, None]),
        lambda: rng.randint(-5, 10**6),
        lambda: rng.choice([0.1, 1e-05, 1.0, -2.5, 1e22, 3e-4]),
        lambda: rng.choice(TEXTS),
    ]
    if depth < 2:
        made.append(lambda: [value(rng, depth + 1) for _ in range(rng.randint(1, 3))])
    return rng.choice(made)()


def agents_words(command: list[str], program: str, values: dict[str, Any]) -> list[str]:
    """What wandb's agent starts: its macros, filled in as in `Agent._command_run`."""
    from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

    filled = create_sweep_command_args({"args": {name: {"value": item} for name, item in values.items()}})
    filled |= {"interpreter": ["python"], "program": [program], "env": ["/usr/bin/env"]}
    words: list[str] = []
    for word in create_sweep_command(list(command)):
        words += filled.get(word[2:-1]) or [] if word.startswith("${") and word.endswith("}") else [word]
    return words[1:] if words[0] == "/usr/bin/env" else words


def our_words(sweep: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """What a trial with these values starts."""
    trainer = convert(sweep, "/nowhere/sweep.yaml", []).document["trainer"]
    ours = {theirs: name for name, theirs in trainer.get("names", {}).items()}
    settings = {key: item for key, item in trainer.items() if key != "kind"}
    settings |= {ours.get(name, name): item for name, item in values.items()}
    facts = dict.fromkeys(("trial_dir", "seed", "number", "attempt", "study_dir", "python"), "0")
    return compose_command(read_command_spec(settings), facts, Path("/nowhere"), Path("/nowhere/OUT")).words


@pytest.mark.parametrize("macro", MACROS)
def test_every_macro_makes_the_words_of_wandbs_agent(macro: str) -> None:
    pytest.importorskip("wandb")
    rng = random.Random(macro)
    for _ in range(60):
        values = {name: value(rng) for name in rng.sample(NAMES, rng.randint(1, 4))}
        command = ["${env}", "${interpreter}", "${program}", *rng.choice([[], ["--fixed=1"]]), f"${{{macro}}}"]
        parameters = {name: {"values": [item, f"not {item}"]} for name, item in values.items()}
        sweep = {"program": "src/train.py", "method": "random", "command": command, "parameters": parameters}
        assert our_words(sweep, values) == agents_words(command, "src/train.py", values)


def test_tables_are_what_wandbs_agent_makes_of_them() -> None:
    pytest.importorskip("wandb")
    rng = random.Random(7)
    for _ in range(40):
        inner = {name: value(rng) for name in ("lr", "betas", "name")}
        nested = {"opt": {"parameters": {name: {"values": [item, [item]]} for name, item in inner.items()}}}
        sweep = {"program": "t.py", "method": "grid", "metric": {"name": "loss"}, "parameters": nested}
        words = our_words(sweep, {f"opt.{name}": inner[name] for name in sorted(inner)})
        theirs = agents_words(["${interpreter}", "${program}", "${args}"], "t.py", {"opt": dict(sorted(inner.items()))})
        assert words == theirs
