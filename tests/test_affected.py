"""What `python -m tests.affected` chooses."""

from tests.affected import affected_tests
from tests.import_graph import ROOT, loaded_by


def chosen(*changed: str) -> set[str]:
    return {path.relative_to(ROOT / "tests").as_posix() for path in affected_tests(set(changed))}


def test_a_front_end_affects_its_own_tests() -> None:
    assert "api/test_functions.py" in chosen("hptui/api/run.py")
    assert not {name for name in chosen("hptui/api/run.py") if name.startswith(("core/", "store/", "tui/"))}


def test_the_ground_affects_what_stands_on_it() -> None:
    folders = {name.split("/")[0] for name in chosen("hptui/core/space.py")}
    assert folders >= {"core", "studyfile", "search", "execution", "operations", "results", "tui"}


def test_what_is_found_by_its_name_has_the_contracts() -> None:
    assert {"contracts/test_engines.py", "search/test_tpe.py"} <= chosen("hptui/search/optuna/tpe.py")


def test_a_test_file_affects_itself_and_a_conftest_its_folder() -> None:
    assert chosen("tests/core/test_space.py") == {"core/test_space.py"}
    assert chosen("tests/cli/conftest.py") >= {"cli/test_run.py", "cli/test_verbs.py"}


def test_a_page_affects_the_tests_that_name_it_and_the_settings_of_all_affect_all() -> None:
    assert "test_docs.py" in chosen("README.md") & chosen("hptui/docs/quickstart.md")
    assert len(chosen("pyproject.toml")) == len(list((ROOT / "tests").rglob("test_*.py")))


def test_an_import_in_a_function_or_for_types_only_is_not_loaded_at_once() -> None:
    assert "torch" in loaded_by("hptui.trainers.charlm.train")
    assert not loaded_by("hptui.cli.main") & {"torch", "optuna", "textual"}
