"""Scripts whose main function a decorator gives a file of settings: the file whose comment names the script."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.operations.new_automatic import automatic_value
from hptui.scripts.inspect import inspect_script
from hptui.scripts.inspect.ranges import is_learning_rate, typical_range
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption

SOURCE = """from {module} import config
@config.parse
def recipe_main(cfg):
    print(f"val loss {{cfg.optimizer.lr}}")
recipe_main()
"""
FILE = """# tune run {0} --config small
output_dir: /tmp/out
optimizer:
  _component_: torch.optim.AdamW
  lr: 2e-5
batch_size: 2
seed: null
log_dir: ${{output_dir}}/logs
"""


@pytest.mark.parametrize("module", ["torchtune", "kit.tools"])
@pytest.mark.parametrize("folder", ["configs", "configs/llama", "config"])
def test_the_file_whose_comment_names_a_script_gives_its_parameters(
    module: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes" / folder).mkdir(parents=True)
    (tmp_path / "recipes" / folder / "a.yaml").write_text(FILE.format("full_distributed"))
    (tmp_path / "recipes" / folder / "b.yaml").write_text(FILE.format("full"))
    (tmp_path / "recipes" / "full.py").write_text(SOURCE.format(module=module))
    script = inspect_script(Path("recipes/full.py"))
    assert script.words == ["--config", f"recipes/{folder}/b.yaml"]
    assert {option.name: option.default for option in script.options} == {
        "output_dir": "/tmp/out", "optimizer.lr": 2e-5, "batch_size": 2, "seed": None, "log_dir": None,
    }  # fmt: skip
    assert is_learning_rate(next(option for option in script.options if option.name == "optimizer.lr"))
    assert script.style == "hydra"


def test_a_script_without_such_a_file_says_what_it_takes(tmp_path: Path) -> None:
    (tmp_path / "full.py").write_text(SOURCE.format(module="torchtune"))
    assert any("takes a file of settings" in note for note in inspect_script(tmp_path / "full.py").notes)


@pytest.mark.parametrize(
    ("sibling", "is_read"), [("saver.output_dir", True), ("output_dir", False), ("saver.x", False)]
)
def test_a_directory_of_checkpoints_beside_one_of_output_is_read(sibling: str, is_read: bool, tmp_path: Path) -> None:
    options = [
        ScriptOption("saver.checkpoint_dir", type="str", default="/tmp/model"),
        ScriptOption(sibling, type="str"),
    ]
    given = automatic_value(options[0], InspectedScript(options=options), tmp_path)
    assert given == ("" if is_read else "{trial_dir}/output")


@pytest.mark.parametrize(("default", "is_of_lora"), [(0, False), (-1, False), (8, True), (64, True)])
def test_a_rank_of_a_process_is_not_searched(default: int, is_of_lora: bool) -> None:
    assert (typical_range(ScriptOption("rank", type="int", default=default)) is not None) is is_of_lora
