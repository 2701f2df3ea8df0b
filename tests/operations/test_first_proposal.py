"""What the engine refuses at once, `check` refuses: it is asked for one proposal."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui import studyfile
from hptui.core.errors import StudyError
from hptui.core.study import Study
from hptui.operations.check import preflight
from hptui.operations.first_proposal import first_proposal_warnings


def study(folder: Path, sampler: str, extra: str = "") -> Study:
    space = "".join(f'{name} = "1..20 int"\n' for name in "abcdefgh")
    path = folder / "s.toml"
    path.write_text(
        f'name = "s"\n[objective]\nmetric = "x"\n[trainer]\nkind = "command"\ncommand = ["true"]\n[space]\n{space}'
        f'{extra}[search]\nsampler = "{sampler}"\ntrials = 5\n'
    )
    return studyfile.read_file(path)


@pytest.mark.process
def test_a_grid_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as error:
        preflight(study(tmp_path, "grid"))
    assert "search.sampler: the sampler 'grid' cannot search this: space: a grid of 25,600,000,000" in str(error.value)
    assert "give fewer values" in error.value.hint


def test_an_engine_that_proposes_is_fine_and_one_that_does_not_answer_is_said(tmp_path: Path) -> None:
    given = study(tmp_path, "random")
    assert first_proposal_warnings(given, given.trainer.settings) == []
    [said] = first_proposal_warnings(given, given.trainer.settings, seconds=0.0)
    assert said == "search.sampler: the sampler 'random' has not answered within 0 s"


def test_each_stage_that_searches_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(
        'name = "s"\n[objective]\nmetric = "x"\n[trainer]\nkind = "command"\ncommand = ["true"]\n'
        '[[stage]]\nname = "one"\ntrials = 2\nsampler = "random"\n[stage.space]\na = "1..3 int"\n'
        '[[stage]]\nname = "two"\nsampler = "grid"\ntrials = 2\n[stage.space]\n'
        + "".join(f'{name} = "1..20 int"\n' for name in "abcdefgh")
    )
    given = studyfile.read_file(path)
    with pytest.raises(StudyError, match=r"stage\[1\]"):
        first_proposal_warnings(given, given.trainer.settings)
