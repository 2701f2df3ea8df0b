"""`[report]`: which figures and which files are written when a study comes to rest."""

import textwrap

import pytest

from hptui import studyfile
from hptui.core.errors import StudyError
from hptui.core.study import FILE_SETS, RESULT_FILES

FILE = """
    name = "reports"
    [objective]
    metric = "loss"
    [trainer]
    kind = "toy"
    [space]
    learning_rate = { low = 1e-5, high = 1e-1 }
    [report]
    REPORT
"""


def read(report: str):
    return studyfile.read_text(textwrap.dedent(FILE).replace("REPORT", report)).report


def test_figures_and_files_are_read_and_come_back():
    text = textwrap.dedent(FILE).replace("REPORT", 'figures = "svg"\nfiles = ["ax-results", "study_results.yaml"]')
    study = studyfile.read_text(text)
    assert (study.report.figures, study.report.files) == ("svg", ("ax-results", "study_results.yaml"))
    assert studyfile.from_json(studyfile.to_json(study)).report == study.report
    assert (read("").figures, read("").files) == ("png", ())


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ('figures = "pdf"', "report.figures"),
        ('files = ["best_confg.yaml"]', "did you mean 'best_config.yaml'"),
        ('files = "best_config.yaml"', "report.files"),
    ],
)
def test_mistakes_are_named(report, said):
    with pytest.raises(StudyError) as caught:
        read(report)
    assert said in str(caught.value)


def test_every_file_that_may_be_named_can_be_written():
    from hptui.operations.result_files import HTML_PAGES, REPORT_STYLE_OF
    from hptui.results.export.compatible import WRITERS

    assert set(RESULT_FILES) == {*WRITERS, *HTML_PAGES, *REPORT_STYLE_OF}
    assert set(FILE_SETS) == {"hptui", "optuna-study-results", "ax-results"}
