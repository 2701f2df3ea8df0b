"""`[reference]`, a metric's bands and split, the report's style: read, written, refused where they cannot be right."""

import textwrap

import pytest

from hptui import studyfile
from hptui.core.errors import StudyError

TEXT = """
    name = "x"
    [objective]
    metric = "eval_loss"
    [trainer]
    kind = "toy"
    [space]
    learning_rate = "1e-5..1e-2 log"
    [reference]
    metric = "train_loss"
    value = 0.6097
    split = "train"
    epochs = 3
    source = "module 4"
    targets = [0.05, 0.2]
    [metrics.perplexity]
    split = "validation"
    bands = { excellent = 3, good = 10 }
    [report]
    style = "hyperparameters"
"""


def read(text):
    return studyfile.read_text(textwrap.dedent(text))


def test_what_the_file_says_is_read_and_kept():
    study = read(TEXT)
    assert study.reference is not None
    assert (study.reference.value, study.reference.epochs, study.reference.targets) == (0.6097, 3, (0.05, 0.2))
    assert study.metrics["perplexity"].bands == {"excellent": 3.0, "good": 10.0}
    assert study.report.style == "hyperparameters"
    assert studyfile.from_json(studyfile.to_json(study)) == study


def test_a_file_without_one_has_none():
    assert read(TEXT[: TEXT.index("[reference]")]).reference is None


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('metric = "train_loss"', "", "reference.metric"),
        ("value = 0.6097", "", "reference.value"),
        ("value = 0.6097", 'value = "0.6"', "reference.value"),
        ("[0.05, 0.2]", "[5]\n    epoch = 1", "epoch"),
        ("[0.05, 0.2]", "[-0.1]", "reference.targets[0]"),
        ('"hyperparameters"', '"pretty"', "report.style"),
        ("excellent = 3", 'excellent = "3"', "metrics.perplexity.bands.excellent"),
    ],
)
def test_mistakes_name_their_place(old, new, where):
    with pytest.raises(StudyError) as error:
        read(TEXT.replace(old, new, 1))
    assert where in str(error.value)
