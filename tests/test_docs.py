"""What README.md and hptui/docs state is so: commands, examples, tables, links; and the root holds what it should."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
import zipfile
from pathlib import Path

import click
import pytest

import hptui
from hptui.cli.main import cli
from hptui.operations import docs
from hptui.operations.check import check
from hptui.store.recorded import EventKind
from hptui.studyfile.schema import TABLES
from hptui.tui.keys import KEYS as BOUND_KEYS
from tests.docs import EXIT_CODES, PAGES, REASONS, ROLES, ROOT, STATUSES, documents, error_classes, generated
from tests.support import hptui as call
from tests.support import run_to_rest, toy, trials

TEXTS = {path: path.read_text() for path in documents()}
README = TEXTS[ROOT / "README.md"]
PACKAGE = ROOT / "hptui"

TOPICS = (
    "quickstart study-file space search stages notify scripts sweeps sft python screens reports exports plugins "
    "executors reliability architecture glossary stability benchmarks changelog"
)
MAX_LINES = {"README.md": 220, "CONTRIBUTING.md": 90, "architecture.md": 180, "study-file.md": 450}


def blocks(language: str) -> list[pytest.param]:
    """List the blocks of code in a language, with where each is."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return [
        pytest.param(code, id=f"{path.stem}-{number}")
        for path, text in TEXTS.items()
        for number, code in enumerate(pattern.findall(text))
    ]


def lines_of(language: str) -> list[str]:
    return [line for block in blocks(language) for line in block.values[0].splitlines() if line]


COMMANDS = [line for line in lines_of("sh") if line.startswith("hptui ") or line == "hptui"]
INLINE = sorted({match for text in TEXTS.values() for match in re.findall(r"`(hptui [^`]+)`", text.replace("\n", " "))})


def command_of(verb: str) -> click.Command:
    context = click.Context(cli, info_name="hptui")
    command = cli.get_command(context, verb)
    assert command is not None, f"there is no verb {verb!r}"
    return command


# -- the pages


def test_every_topic_has_a_page() -> None:
    assert set(TOPICS.split()) <= set(docs.topics())
    assert set(docs.topics()) == set(docs.READING_ORDER)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_the_generated_parts_are_up_to_date(path: Path) -> None:
    assert generated(TEXTS[path]) == TEXTS[path], "run: python -m tests.docs"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_page_is_longer_than_its_limit(path: Path) -> None:
    assert len(TEXTS[path].splitlines()) <= MAX_LINES.get(path.name, 400)


@pytest.mark.parametrize("topic", docs.topics())
def test_a_page_has_a_title_and_a_summary(topic: str) -> None:
    title, summary = (PAGES / f"{topic}.md").read_text().split("\n\n")[:2]
    assert re.fullmatch(r"# [^\n]+", title)
    assert summary.endswith(".")
    assert len(docs.topics()[topic]) <= 160


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_resolve(path: Path) -> None:
    text = re.sub(r"```.*?```", "", TEXTS[path], flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
        name, _, anchor = target.partition("#")
        assert "://" not in target, f"{target}: pages are read without a network"
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ +(.+)$", file.read_text(), re.MULTILINE)
            assert anchor in [docs.anchor_of(heading) for heading in headings], target


def test_no_place_was_left_to_be_filled() -> None:
    for text in TEXTS.values():
        assert not re.findall(r"^[A-Z]{6,}$|TODO|FIXME", text, re.MULTILINE)


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\S+)", TEXTS[PAGES / "changelog.md"], re.MULTILINE)
    assert versions[0] == hptui.__version__


def test_the_wheel_holds_the_pages(tmp_path: Path) -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel")
    [built] = wheel.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = set(zipfile.ZipFile(built).namelist())
    assert {f"hptui/docs/{topic}.md" for topic in docs.topics()} <= names


# -- examples


@pytest.mark.parametrize("example", blocks("toml"))
def test_every_example_is_a_study_that_can_run(example: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(example)
    assert check(path).study.name


@pytest.mark.parametrize("example", blocks("toml fragment"))
def test_every_fragment_is_a_part_of_a_study_that_can_run(example: str, tmp_path: Path) -> None:
    tables = tomllib.loads(example)
    rest = {"name": "fragment", "objective": {"metric": "loss"}, "trainer": {"kind": "toy"}}
    missing = {key: value for key, value in rest.items() if key not in tables}
    heads = [f"{key} = {json.dumps(value)}" for key, value in missing.items() if isinstance(value, str)]
    heads += [
        "\n".join([f"[{key}]", *(f"{name} = {json.dumps(item)}" for name, item in value.items())])
        for key, value in missing.items()
        if isinstance(value, dict)
    ]
    path = tmp_path / "study.toml"
    path.write_text("\n".join(heads) + "\n" + example)
    assert check(path).study.name


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.toml")), ids=lambda path: path.stem)
def test_every_study_that_we_ship_can_run(path: Path) -> None:
    assert check(path).study.name == path.stem


@pytest.mark.parametrize("example", blocks("yaml"))
def test_every_sweep_is_one_that_can_run(example: str, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import wandb\nwandb.init()\n")
    path = tmp_path / "sweep.yaml"
    path.write_text(example)
    assert check(path).study.space.constraints


def trainer_study(folder: Path, kind: str) -> Path:
    path = folder / "own.toml"
    path.write_text(
        textwrap.dedent(f"""
        name = "own"
        [objective]
        metric = "loss"
        [trainer]
        kind = "{kind}"
        [space]
        lr = "1e-4..1e-2 log"
        [search]
        sampler = "random"
        trials = 2
        """)
    )
    return path


def script_study(folder: Path) -> Path:
    path = folder / "script.toml"
    command = json.dumps([sys.executable, "block.py"])
    path.write_text(
        textwrap.dedent(f"""
        name = "script"
        [objective]
        metric = "loss"
        [trainer]
        kind = "command"
        style = "none"
        command = {command}
        [search]
        sampler = "list"
        baseline = false
        [[trial]]
        set = {{}}
        """)
    )
    return path


@pytest.mark.parametrize("example", blocks("python"))
def test_every_python_block_runs(example: str, home: Path, tmp_path: Path) -> None:
    """A trainer runs in a study, a script as a command, and what starts a study starts one of the toy trainer."""
    if "def main(trial" in example:
        (tmp_path / "train.py").write_text(example)
        assert {str(one.status) for one in trials(run_to_rest(home, trainer_study(tmp_path, "train:main")))} == {
            "complete"
        }
        return
    (tmp_path / "block.py").write_text(re.sub(r"((?:num|additional)_trials=)\d+", r"\g<1>2", example))
    if "hptui.report(" in example:
        [trial] = trials(run_to_rest(home, script_study(tmp_path)))
        assert trial.values == {"loss": 0.01}
        return
    (tmp_path / "studies").mkdir()
    toy(tmp_path / "studies", "quickstart")
    done = subprocess.run(
        [sys.executable, "block.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


# -- the command line


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_line_can_be_parsed(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "report.md").touch()
    for part in line.split(" && "):
        words = shlex.split(part, comments=True)[1:]
        if words:
            command_of(words[0]).make_context(words[0], words[1:], parent=click.Context(cli, info_name="hptui"))


@pytest.mark.parametrize("text", INLINE)
def test_verbs_and_options_in_texts_exist(text: str) -> None:
    verb, *rest = text.split()[1:]
    if verb.startswith(("-", "VERB", "HOME", "/")):
        return
    options = {name for option in command_of(verb).params for name in option.opts} | {"--help"}
    for word in rest:
        if word.startswith("--") and not word.startswith("--…"):
            assert word.strip("[],").partition("=")[0] in options, text


@pytest.mark.parametrize("verb", cli.list_commands(click.Context(cli)))
def test_every_verb_occurs(verb: str) -> None:
    assert f"`hptui {verb}" in TEXTS[PAGES / "verbs.md"]
    assert "hptui " in docs.about("verbs", verb)


def test_every_exit_code_occurs() -> None:
    assert set(EXIT_CODES) == {0, 130} | {kind.exit_code for _, kind in error_classes()}  # type: ignore[attr-defined]


@pytest.mark.parametrize("meanings", [STATUSES, REASONS, ROLES], ids=["status", "reason", "role"])
def test_every_word_for_what_became_of_a_trial_has_a_meaning(meanings) -> None:
    assert list(meanings) == list(type(next(iter(meanings))))


def test_ci_runs_exactly_the_test_command() -> None:
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    [command] = [line for line in commands if line.endswith("-m pytest")]
    assert command in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_main_command_installs_and_runs_a_study_that_exists() -> None:
    command = next(line for line in README.splitlines() if line.startswith("python3 -m venv"))
    assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/hptui run ")
    assert (ROOT / command.split()[-1]).is_file()


VERBS_SHOWN = sorted({line.split("#")[0].split()[1] for line in COMMANDS if len(line.split("#")[0].split()) > 1})


@pytest.mark.parametrize("verb", VERBS_SHOWN)
def test_every_verb_that_is_shown_has_help(verb: str, tmp_path: Path) -> None:
    done = call(tmp_path, verb, "--help")
    assert done.returncode == 0
    assert "Usage: hptui" in done.stdout


# -- tables


def keys_in_table(name: str) -> list[str]:
    """List the keys in a part of the study file's page."""
    part = re.search(
        rf"<!-- table of {re.escape(name)} -->\n(.*?)<!-- end -->", TEXTS[PAGES / "study-file.md"], re.DOTALL
    )
    assert part is not None, f"there is no table of {name}"
    return re.findall(r"^\| `([^`]+)` \|", part[1], re.MULTILINE)


@pytest.mark.parametrize("name", TABLES)
def test_every_key_of_the_study_file_is_in_its_table(name: str) -> None:
    assert keys_in_table(name or "file") == list(TABLES[name].names)


@pytest.mark.parametrize("name", [name for name in TABLES if name])
def test_a_key_can_be_looked_up_by_table_and_name(name: str) -> None:
    table = f"{name}.NAME" if name == "metrics" else name
    for key in TABLES[name].names:
        assert f"`{key}`" in docs.about("study-file", f"{table.lower()}.{key}")


@pytest.mark.parametrize("key", BOUND_KEYS, ids=lambda key: key.id)
def test_every_key_of_the_screens_occurs(key) -> None:
    assert f"| `{key.id}` |" in TEXTS[PAGES / "screens.md"]


def part_of(topic: str, name: str) -> set[str]:
    part = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", TEXTS[PAGES / f"{topic}.md"], re.DOTALL)
    assert part is not None
    return {kind for line in part[1].splitlines() for kind in re.findall(r"`(\w+)`", line.split(" | ")[0])}


def test_every_kind_of_event_occurs() -> None:
    assert part_of("reliability", "event kinds") == set(EventKind)


def test_every_event_of_an_attempt_occurs() -> None:
    from hptui.store import run_directory as rundir

    described = re.findall(r"^    ([a-z]+) +\S", rundir.__doc__.partition("Every event")[2], re.MULTILINE)
    assert part_of("reliability", "attempt events") == set(described)


# -- the code that the pages name


new_tree = pytest.mark.skipif(not (PACKAGE / "core").is_dir(), reason="the pages name the modules of the new tree")


def named_modules() -> set[str]:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    text = TEXTS[PAGES / "architecture.md"] + TEXTS[ROOT / ".github" / "CONTRIBUTING.md"]
    return {name for name in re.findall(r"`((?:[a-z_]+/)+[a-z_]*)`", text) if name.split("/")[0] in rooms}


@new_tree
def test_modules_that_are_named_exist() -> None:
    assert len(named_modules()) > 20
    for name in named_modules():
        assert (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file(), name


@new_tree
@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"`((?:tests|hptui/testing)/[^`:]+?)(?:::(\w+))?`", "".join(TEXTS.values()))))
)
def test_tests_that_are_named_exist(name: tuple[str, str]) -> None:
    file, function = name
    assert (ROOT / file).exists()
    if function:
        assert re.search(rf"^(?: {{4}})?(?:async )?def {function}\(", (ROOT / file).read_text(), re.MULTILINE)


# -- the root of the repository


def test_the_root_holds_what_belongs_there() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    entries = {line.split("/")[0] for line in listed.stdout.splitlines()}
    allowed = {"pyproject.toml", "README.md", "LICENSE", "hptui", "studies", "tests", "screenshots"}
    assert {entry for entry in entries if not entry.startswith(".")} <= allowed


def test_the_nine_packages_at_its_heart_are_ordinary_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=~ ]", entry)[0] for entry in project["dependencies"]}
    heart = "textual rich optuna ax-platform torch transformers peft bitsandbytes sqlite-utils"
    assert set(heart.split()) <= names
