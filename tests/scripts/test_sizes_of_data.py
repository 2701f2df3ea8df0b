"""How many examples a script makes is no hyperparameter; what its model gets, and what is drawn anew, may be one."""

from __future__ import annotations

import ast

import pytest

from hptui.operations.new import write_study_file
from hptui.scripts.inspect.inputs.sizes_of_data import sizes_of_data

MAKING = {
    "one dimension": "X = np.random.randn({0})",
    "first dimension": "X = rng.standard_normal(({0}, 4))",
    "keyword": "X = np.random.normal(0, 1, size={0})",
    "third place": "X = np.random.uniform(0, 1, {0})",
    "data set": "X, y = make_classification(n_samples={0}, n_features=20)",
    "data set by place": "X, y = make_moons({0}, noise=0.1)",
    "within a function": "def data():\n    return torch.randn({0}, 16)\nX = data()",
    "part": "X = np.random.randn({0} // 2, 3)",
    "rows": "X = pd.DataFrame(dict(a=range({0}), b=np.random.normal(size={0})))",
}
BESIDE = {
    "model": "net = Model({0})",
    "width": "w = np.random.randn(4, {0})",
    "noise": "for step in range(9):\n    z = torch.randn({0}, 16)",
    "repeats": "for epoch in range({0}):\n    print(epoch)",
    "converted": "net = Model(int({0} / 2))",
    "keyword of a model": "net = Model(width={0})",
}
NAMES = ("N", "kRows", "m", "count", "HOW_MANY")


@pytest.mark.parametrize("making", MAKING)
def test_what_only_makes_data_is_its_size(making):
    for name in NAMES:
        text = f"{name} = 1000\n{MAKING[making].format(name)}\nhalf = int({name} * 0.5)\nprint(X[:half])\n"
        assert sizes_of_data(ast.parse(text)) >= {name}
        for beside, line in BESIDE.items():
            assert name not in sizes_of_data(ast.parse(text + line.format(name))), beside


@pytest.mark.parametrize("making", MAKING)
def test_rounds_are_searched_before_other_constants_and_sizes_never(making, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.py").write_text(
        f"import numpy as np\nN = 1000\nK = 10\nkBoostRound = 20\n{MAKING[making].format('N')}\n"
        "for i in range(K):\n    bst = lib.fit(X, num_boost_round=kBoostRound)\n"
        "    val_loss = bst.loss()\n    print(f'val_loss: {val_loss}')\n"
    )
    text = write_study_file("t.py")[0].read_text()
    space = text.partition("[space]\n")[2].partition("\n[")[0]
    assert "\nN = 1000" in text
    assert "N =" not in space
    assert [line.split()[0] for line in space.splitlines() if line and not line.startswith("#")] == ["kBoostRound"]
