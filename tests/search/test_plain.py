import random
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest

from hptui.core.errors import StudyError
from hptui.core.expressions import parse
from hptui.core.parameters import Choice, Float, Int
from hptui.core.trial import Role
from hptui.search.engine import make_engine, seed_for
from tests.search.kit import ask, drive, space, study, trial

RANK = Choice("rank", (8, 32, 16))


def test_a_grid_goes_through_the_study_files_order_the_last_parameter_fastest():
    searched = space([RANK, Float("dropout", 0.0, 0.3, step=0.1)], "rank < 32 or dropout > 0.1")
    trials = drive(study(searched, "grid"), 99, lambda settings: {"loss": 1.0})
    assert [(done.params["rank"], done.params["dropout"]) for done in trials] == [
        *((8, dropout) for dropout in (0.0, 0.1, 0.2, 0.3)),
        *((32, dropout) for dropout in (0.2, 0.3)),
        *((16, dropout) for dropout in (0.0, 0.1, 0.2, 0.3)),
    ]


def test_a_grid_counts_an_inactive_parameter_once():
    momentum = Choice("momentum", (0.0, 0.5, 0.9), when=parse("optimizer == 'sgd'"))
    trials = drive(study(space([Choice("optimizer", ("adam", "sgd")), momentum]), "grid"), 99, lambda _: {"loss": 1.0})
    assert [done.params.get("momentum") for done in trials] == [None, 0.0, 0.5, 0.9]


def test_a_grid_fills_its_gaps_first():
    searched = study(space([RANK]), "grid")
    assert ask(searched, [trial(0, {"rank": 8}), trial(1, {"rank": 16})]).params == {"rank": 32}


def test_a_grid_without_an_end_is_refused():
    with pytest.raises(StudyError, match=r"space.lr: .*continuous\n.*step"):
        make_engine(study(space([Float("lr", 0.1, 1.0)]), "grid"))
    with pytest.raises(StudyError, match="1,000,000 combinations"):
        make_engine(study(space([Int("a", 1, 1000), Int("b", 1, 1000)]), "grid"))


def test_a_list_runs_what_is_listed_and_proposes_nothing():
    engine = make_engine(study(space([RANK]), "list"))
    engine.sync([trial(0, {"rank": 8}, {"loss": 1.0})])
    assert engine.ask(1) is None


def test_random_search_covers_a_range_on_its_own_scale():
    searched = study(space([Float("lr", 1e-6, 1e-2, log=True), RANK]), "random")
    drawn = [ask(searched, [], number).params for number in range(400)]
    decades = Counter(int(f"{one['lr']:e}".split("e")[1]) for one in drawn)
    assert all(70 <= decades[decade] <= 130 for decade in (-6, -5, -4, -3))
    assert all(100 <= count <= 170 for count in Counter(one["rank"] for one in drawn).values())


def test_seeds_are_spread_and_stable():
    assert seed_for(0, 0) == seed_for(0, 0, 0) == 1421166345
    seeds = {seed_for(seed, number, k) for seed in range(20) for number in range(20) for k in range(20)}
    assert len(seeds) == 8000
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert len({random.Random(seed).random() for seed in seeds}) == 8000


def test_engines_name_themselves_in_what_they_propose():
    for sampler in ("grid", "random", "tpe"):
        engine = make_engine(study(space([RANK]), sampler))
        assert engine.ask(0).engine == engine.name
    assert make_engine(study(space([RANK]), "tpe")).name == f"optuna {version('optuna')} tpe"


def test_an_unknown_sampler_is_refused_with_the_nearest():
    with pytest.raises(StudyError, match=r"search\.sampler: .*\n.*did you mean 'random'"):
        make_engine(study(space([RANK]), "randon"))


def test_only_tpe_loads_optuna():
    program = """
import sys
from hptui.search.engine import make_engine
import hptui.search.pruners
from tests.search.kit import space, study
from hptui.core.parameters import Choice
for sampler in ("list", "random", "grid"):
    make_engine(study(space([Choice("rank", (8, 16))]), sampler)).ask(0)
assert "optuna" not in sys.modules and "numpy" not in sys.modules
make_engine(study(space([]), "tpe"))
assert "optuna" in sys.modules and "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize("sampler", ["gp", "qmc", "tpe", "random"])
@pytest.mark.parametrize("base", [6e-4, 3e-5, 0.02, 0.7, 2e-5])
def test_the_baseline_is_not_proposed_again_with_other_last_digits(sampler: str, base: float) -> None:
    ends = float(f"{base / 10:.2g}"), float(f"{base * 10:.2g}")
    searched = study(space([Float("lr", *ends, log=True)]), sampler, base={"lr": base})
    known = [trial(0, {}, {"loss": base}, role=Role.BASELINE)]
    for number in range(1, 5):
        proposal = ask(searched, known, number)
        known.append(trial(number, proposal.params, {"loss": proposal.params.get("lr", base)}))
    values = [done.params.get("lr", base) for done in known]
    assert len({f"{value:.9g}" for value in values}) == len(values)
