"""The rows of the list of studies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hptui.core.trial import StudyState
from hptui.results.view import read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.tui.cells import width_of
from hptui.tui.sources.studies import StudyLine
from hptui.tui.study_rows import StudyRows
from hptui.tui.themes import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tests.operations.made import make

pytestmark = pytest.mark.process


@pytest.mark.parametrize("glyphs", [UNICODE_GLYPHS, ASCII_GLYPHS], ids=["unicode", "ascii"])
@pytest.mark.parametrize("alive", [True, False])
def test_the_state_of_a_study_is_shown_whole(tmp_path: Path, glyphs: Glyphs, alive: bool) -> None:
    """Whatever it is, also when the runner has gone, or when the study cannot be read."""
    sd = make(tmp_path)
    with StoreReader.open(sd) as reader:
        row = reader.study()
    study = read_view(sd).study
    for state in StudyState:
        line = StudyLine(sd, replace(row, state=state), study, alive=alive)
        for lines in ([line], [line, StudyLine(StudyDir(tmp_path / "bad"), error="no store")]):
            rows = StudyRows(glyphs)
            rows.show(lines)
            column = next(index for index, column in enumerate(rows.columns) if column.name == "state")
            for index in range(len(rows)):
                assert width_of(rows.cells(index)[column].text) <= rows.columns[column].width
