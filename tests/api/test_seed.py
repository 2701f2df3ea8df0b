"""The calls of a search script that people wrote with their own module, word for word but for the import.

`-m slow` runs them with as many trials as they ask for; here there are fewer.
"""

import json

import pytest

from hptui.store.paths import StudyDir
from tests.support import trials

IMPORT = "from hptui import EarlyStoppingCallback, resume_optimization, run_optimization\n"

BASIC = """
results = run_optimization(
    num_trials=20,
    model_name="Qwen/Qwen2.5-7B-Instruct",
    output_dir="configs/"
)

print(f"Best loss: {results['best_loss']:.4f}")
print(f"Best params: {results['best_params']}")
"""

CUSTOM = """
# Focus on learning rate
results = run_optimization(
    num_trials=15,
    search_space={
        "lora_rank": [16],  # Fixed
        "lora_alpha": [32],  # Fixed
        "learning_rate": [5e-5, 3e-4],  # Range
        "batch_size": [1, 2]  # Discrete
    }
)
"""

RESUME = """
# Load previous results and continue
results = resume_optimization(
    checkpoint="configs/optimization_checkpoint.json",
    additional_trials=10
)
"""

SEVERAL = """
results = run_optimization(
    num_trials=20,
    objectives=["loss", "inference_time"],
    minimize=[True, True]  # Minimize both
)
"""

EARLY = """
results = run_optimization(
    num_trials=20,
    early_stopping=EarlyStoppingCallback(threshold=0.7, check_at=0.1)
)
"""

CONSTRAINED = """
# Ensure rank * batch_size <= 128 (VRAM limit)
results = run_optimization(
    num_trials=20,
    constraints=["lora_rank * batch_size <= 128"]
)
"""

TELL = """
tell(**results)
"""

FEWER = {
    "num_trials=20": "num_trials=5",
    "num_trials=15": "num_trials=4",
    "additional_trials=10": "additional_trials=1",
}


@pytest.fixture(params=["fewer", pytest.param("all", marks=pytest.mark.slow)])
def call(folder, request):
    """Run one of the calls; what it gave back."""

    def calling(text):
        for number, small in FEWER.items() if request.param == "fewer" else ():
            text = text.replace(number, small)
        return folder.python(IMPORT + text + TELL)

    calling.folder = folder
    calling.whole = request.param == "all"
    return calling


def test_basic_usage_and_resuming(call):
    found = call(BASIC)
    work, sd = call.folder.root, StudyDir(call.folder.home / "director")
    assert f"Best loss: {found['best_loss']:.4f}" in call.folder.out
    assert found["best_params"].keys() == {"lora_rank", "lora_alpha", "learning_rate", "batch_size"}
    before = trials(sd)
    assert len(before) == found["n_trials"] == found["completed_trials"] == (20 if call.whole else 5)
    assert found["best_loss"] == min(one.values["loss"] for one in before)
    assert {one.params.get("model_name", "") for one in before} == {""}
    with (work / "configs" / "optimization_results.json").open() as file:
        assert json.load(file)["best_loss"] == found["best_loss"]
    assert "learning_rate" in (work / "configs" / "best_config.yaml").read_text()

    more = call(RESUME)
    after = trials(sd)
    assert len(after) == more["n_trials"] == (30 if call.whole else 6)
    assert [one.params for one in after[: len(before)]] == [one.params for one in before], "they keep their own"
    assert [one.values for one in after[: len(before)]] == [one.values for one in before]
    assert more["best_loss"] <= found["best_loss"]


def test_a_custom_search_space(call):
    found = call(CUSTOM)
    done = trials(StudyDir(call.folder.home / "director"))
    assert len(done) == (15 if call.whole else 4)
    for one in done[1:]:
        assert one.params.keys() == {"learning_rate", "batch_size"}
        assert 5e-5 <= one.params["learning_rate"] <= 3e-4
        assert one.params["batch_size"] in (1, 2)
    assert found["best_params"]["lora_rank"] == 16
    assert found["best_params"]["lora_alpha"] == 32
    assert "learning_rate: 5e-5 to 3e-4, on a logarithmic scale" in call.folder.out


def test_several_objectives(call):
    found = call(SEVERAL)
    assert found["objectives"] == [["loss", "minimize"], ["inference_time", "minimize"]]
    front = [(one["values"]["loss"], one["values"]["inference_time"]) for one in found["pareto"]]
    assert front
    assert not any(a[0] < b[0] and a[1] < b[1] for a in front for b in front)
    assert found["best_loss"] == min(loss for loss, _ in front)


def test_early_stopping(call):
    found = call(EARLY)
    stopped = [one for one in found["trials"] if one["reason"] == "threshold"]
    assert stopped
    assert all(one["status"] == "pruned" and one["values"] is None for one in stopped)
    assert all(one["metrics"]["loss"] > 0.7 for one in stopped)
    assert all(one["values"]["loss"] < 0.7 for one in found["trials"] if one["status"] == "complete")


def test_constraints(call):
    found = call(CONSTRAINED)
    searched = [one["params"] for one in found["trials"]]
    assert all(one["lora_rank"] * one["batch_size"] <= 128 for one in searched)
