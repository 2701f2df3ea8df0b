import pytest

from hptui.core.errors import UserError
from hptui.core.format import Proportion
from hptui.trainers.evals.evaluate import load_metric

FILE = """
def one(predictions): return len(predictions)
def pair(references, predictions): return (1, len(references))
def each(predictions, prompts): return [p == q for p, q in zip(predictions, prompts)]
def lengths(predictions): return [len(p) for p in predictions]
def several(predictions, references): return {"a": 1, "b": (1, 2)}
def odd(texts): return 1
def text(predictions): return "good"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(FILE)
    (tmp_path / "broken.py").write_text("import nowhere_to_be_found")
    return tmp_path


def call(folder, function):
    return load_metric(f"mine.py:{function}", str(folder))(["ab", "c"], ["ab", "d"], ["ab", "e"])


def test_what_a_function_may_return(folder):
    assert call(folder, "one") == {"one": 2.0}
    assert call(folder, "lengths") == {"lengths": 1.5}
    pair, each, several = call(folder, "pair")["pair"], call(folder, "each")["each"], call(folder, "several")
    assert (pair.k, pair.n) == (1, 2)
    assert (each.k, each.n) == (1, 2)
    assert several == {"a": 1.0, "b": Proportion(1, 2)}
    assert several["b"].n == 2


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nothing.py:one", "not there"),
        ("mine.py:on", "'one'"),
        ("mine.py:odd", "takes 'texts'"),
        ("broken.py:one", "nowhere_to_be_found"),
    ],
)
def test_mistakes_are_found_on_loading(folder, path, said):
    with pytest.raises(UserError, match=said):
        load_metric(path, str(folder))


def test_a_text_is_no_metric(folder):
    with pytest.raises(UserError, match="returned 'good'"):
        call(folder, "text")
