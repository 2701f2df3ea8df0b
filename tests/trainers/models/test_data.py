import json
from collections import Counter

import pytest

from hptui.core.errors import UserError
from hptui.trainers import models
from hptui.trainers.data.read import read_rows
from hptui.trainers.models import data
from hptui.trainers.models.data import DATA_SETS


@pytest.mark.parametrize("name", list(DATA_SETS))
def test_rows_are_the_same_each_time_and_none_comes_twice(name):
    rows = DATA_SETS[name]()
    assert rows == DATA_SETS[name]()
    texts = [json.dumps({key: value for key, value in row.items() if key != "module"}) for row in rows]
    assert len(set(texts)) == len(texts)
    assert all(all(row.values()) for row in rows)
    count = Counter(row["split"] for row in rows)
    assert count["valid"] == 19
    assert count["train"] > count["test"] > 50


def test_sums_are_right():
    rows = DATA_SETS["arithmetic"]()
    assert len(rows) == 1100
    for row in rows:
        numbers = [int(word) for word in row["problem"].removeprefix("What is ").removesuffix("?").split(" + ")]
        assert sum(numbers) == int(row["answer"])
        assert row["solution"].endswith(f"= {row['answer']}")
        assert all(eval(step.replace("=", "==")) for step in row["solution"].split(", "))


def test_no_example_is_in_what_a_base_model_reads():
    read_before = {function.summary for function in data.library_functions() if function.for_pretraining}
    modules = {function.module for function in data.library_functions() if function.for_pretraining}
    for name in ("docstrings", "code"):
        assert not {row["module"] for row in DATA_SETS[name]()} & modules
    told = [row["response"] for row in DATA_SETS["docstrings"]()]
    assert sum(text in read_before for text in told) < 0.1 * len(told), "some functions of two modules say the same"


def test_documentation_is_what_python_says():
    import textwrap

    (found,) = [f for f in data.library_functions() if f.module == "textwrap" and f.name == "shorten"]
    assert found.signature == "shorten(text, width)"
    assert textwrap.shorten.__doc__.strip().startswith(found.documentation.split("\n")[0])
    assert "return" in found.code
    assert '"""' not in found.code


def test_a_data_set_is_read_like_any_other_file():
    source = read_rows("train", "hptui:arithmetic", models.cache_folder())
    assert list(source.rows[""][0]) == ["problem", "solution", "answer", "split"]
    assert source.rows[""] == DATA_SETS["arithmetic"]()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: models.dataset_file("hptui:arithmatic"), "'hptui:arithmetic'"),
        (lambda: models.model_folder("hptui:small-lama"), "'hptui:small-llama'"),
        (lambda: models.model_folder("hptui:arithmetic"), "known: hptui:small-llama"),
    ],
)
def test_a_misspelt_name_is_an_error_with_the_right_one(make, said):
    with pytest.raises(UserError, match=said):
        make()
