"""Packages of somebody else: what they add is found, runs, keeps the shipped suites, and fails where it is named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STUDY = """
name = "{name}"

[objective]
metric = "loss"

[trainer]
kind = "{trainer}"

[space]
learning_rate = "1e-2..1e0 log"
start = "1..4"

[search]
sampler = "{sampler}"
trials = 4
seed = 3
{search}
"""


def install(package: str, site: Path) -> None:
    """Put a package on a path as an installer does: its code, and what `importlib.metadata` reads."""
    project = tomllib.loads((HERE / package / "pyproject.toml").read_text())["project"]
    (site / f"{package}_hptui").symlink_to(HERE / package / f"{package}_hptui")
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    (info / "top_level.txt").write_text(f"{package}_hptui\n")
    groups = project["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in rows.items()) for group, rows in groups]
    (info / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture
def call(tmp_path, home):
    """Calls the command line where these packages are installed."""
    site = tmp_path / "site"
    site.mkdir()

    def run(*words, packages=("acme",), code=0):
        for package in packages:
            if not (site / f"{package}_hptui").exists():
                install(package, site)
        path = os.pathsep.join([str(site), str(ROOT)])
        done = subprocess.run(
            [sys.executable, "-m", "hptui", "--home", str(home), *map(str, words)],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr or done.stdout

    return run


def write(folder, name="coverage", trainer="bowl", sampler="halton", search=""):
    path = folder / f"{name}.toml"
    path.write_text(STUDY.format(name=name, trainer=trainer, sampler=sampler, search=search))
    return path


NAMES = {
    "by name": ("bowl", "halton", "laggard"),
    "by place": ("acme_hptui:TRAINER", "acme_hptui:SPEC", "acme_hptui.pruner:PRUNER"),
}


@pytest.mark.parametrize("how", NAMES)
def test_a_study_runs_from_end_to_end(call, tmp_path, how):
    trainer, sampler, pruner = NAMES[how]
    more = f'pruner = {{ kind = "{pruner}", worse_than = 0.9 }}\n[search.sampler_settings]\nskip = 5'
    file = write(tmp_path, trainer=trainer, sampler=sampler, search=more)
    assert json.loads(call("check", file, "--json"))["facts"]["sampler"] == sampler
    call("run", file)
    trials = json.loads(call("trials", "coverage", "--json"))
    assert [trial["status"] for trial in trials] == ["complete"] * 4
    with StoreReader.open(StudyDir(tmp_path / "home" / "coverage")) as reader:
        assert {trial.engine for trial in reader.trials()} == {"", "acme-hptui 1.0 halton"}
        assert all(attempt.environment["plugins"] == {"acme-hptui": "1.0"} for attempt in reader.attempts())
    exported = call("export", "coverage", "best", "--format", "ini" if how == "by name" else "acme_hptui:EXPORTER")
    assert exported.startswith("[trial-")
    assert "learning_rate = " in exported
    call("export", "coverage", "all", "-o", tmp_path / "all.ini")
    assert (tmp_path / "all.ini").read_text().count("[trial-") == 4
    call("report", "coverage", "-o", tmp_path / "report.md")
    report = (tmp_path / "report.md").read_text()
    assert "## Coverage\n\nThe space was covered by 4 trials." in report
    assert report.index("## Coverage") > report.index("<summary>Search space</summary>")
    assert json.loads(call("report", "--check", tmp_path / "report.md", "--json"))["differences"] == []


def test_a_stored_study_is_read_where_its_packages_are_missing(call, tmp_path):
    more = 'pruner = { kind = "laggard", worse_than = 0.9 }\n[search.sampler_settings]\nskip = 5'
    call("run", write(tmp_path, search=more))
    (tmp_path / "site").rename(tmp_path / "uninstalled")
    assert len(json.loads(call("trials", "coverage", "--json", packages=()))) == 4
    assert "Coverage" not in call("report", "coverage", packages=())
    refused = call("run", "coverage", "--trials", "+1", packages=(), code=2)
    assert "there is no sampler 'halton'" in refused


def test_a_plugin_is_listed_and_checked(call):
    rows = {(row["kind"], row["name"]): row for row in json.loads(call("plugins", "--json"))}
    assert rows["samplers", "halton"] == {
        "kind": "samplers",
        "name": "halton",
        "distribution": "acme-hptui",
        "version": "1.0",
        "reference": "acme_hptui:SPEC",
        "state": "installed",
        "error": "",
    }
    assert rows["samplers", "tpe"]["state"] == "built-in"
    assert [name for kind, name in rows if kind == "commands"][-1] == "acme"
    assert call("plugins", "samplers").splitlines()[-1].split("\t") == [
        "samplers",
        "halton",
        "acme-hptui",
        "1.0",
        "installed",
    ]
    [check] = json.loads(call("plugins", "--check", "halton", "--json"))
    assert check["ok"]
    assert check["parts"] == {"engine": ""}
    [named] = json.loads(call("plugins", "samplers", "--check", "acme_hptui:SPEC", "--json"))
    assert (named["distribution"], named["version"]) == ("acme-hptui", "1.0")


def test_a_verb_of_a_package(call):
    assert call("acme", "you") == "Acme greets you\n"
    assert call("acme_hptui:VERB", "you") == "Acme greets you\n"
    assert "acme" not in call("--help")
    assert "did you mean 'acme'?" in call("acmee", code=2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sampler": "halten"}, "search.sampler: unknown sampler 'halten'\n  did you mean 'halton'?"),
        ({"trainer": "bowll"}, "trainer.kind: there is no trainer 'bowll'\n  did you mean 'bowl'?"),
        ({"search": 'pruner = "lagard"'}, "search.pruner: unknown pruner 'lagard'\n  did you mean 'laggard'?"),
        (
            {"search": "[search.sampler_settings]\nskp = 3"},
            "search.sampler_settings.skp: the sampler 'halton' has no setting 'skp'\n  did you mean 'skip'?",
        ),
        (
            {"search": "[search.sampler_settings]\nskip = -1"},
            "search.sampler_settings.skip: must be at least 0, got -1",
        ),
        (
            {"sampler": "tpe", "search": "[search.sampler_settings]\nskip = 1"},
            "search.sampler_settings.skip: the sampler 'tpe' has no setting 'skip'\n  it has none of its own",
        ),
        (
            {"search": 'pruner = { kind = "laggard", worse_then = 1 }'},
            "search.pruner.worse_then: the pruner 'laggard' has no setting 'worse_then'\n  did you mean 'worse_than'?",
        ),
        (
            {"sampler": "acme_hptui:TRAINER"},
            "the sampler 'acme_hptui:TRAINER' is no sampler: it is of the class TrainerSpec",
        ),
        ({"sampler": "acme_hptui:SPECK"}, "module 'acme_hptui' has no 'SPECK'\n  did you mean 'SPEC'?"),
        ({"sampler": "acme:SPEC"}, "there is no module 'acme' for the sampler 'acme:SPEC'"),
    ],
)
def test_a_mistake_names_the_nearest_spelling(call, tmp_path, changed, message):
    assert message in call("check", write(tmp_path, **changed), code=2)


def test_a_spec_that_raises_breaks_only_what_names_it(call, tmp_path):
    both = {"packages": ("acme", "broken")}
    why = "of broken-hptui 0.1 cannot be loaded: RuntimeError: the flux compensator is missing"
    assert f"sampler 'cracked' {why}" in call("check", write(tmp_path, sampler="cracked"), code=2, **both)
    assert f"trainer 'cracked' {why}" in call("check", write(tmp_path, trainer="cracked"), code=2, **both)
    call("run", write(tmp_path, sampler="tpe"), **both)  # the built-in one: a package cannot take its name
    assert f"exporter 'cracked' {why}" in call("export", "coverage", "--format", "cracked", "all", code=2, **both)
    assert f"verb 'cracked' {why}" in call("cracked", code=2, **both)
    assert "flux" not in call("report", "coverage", **both)
    assert call("export", "coverage", "best", "-o", tmp_path / "best.unknown", **both) == ""
    listed = call("plugins", "samplers", code=1, **both)
    assert "broken-hptui 0.1: sampler 'cracked' cannot be loaded: RuntimeError: the flux compensator" in listed
    assert "flux" in call("plugins", "samplers", "--check", "cracked", code=1, **both)


def test_two_packages_with_one_name(call, tmp_path):
    call("plugins")
    other = tmp_path / "site" / "other-2.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 2.0\n")
    (other / "entry_points.txt").write_text("[hptui.samplers]\nhalton = acme_hptui.engine:HaltonEngine\n")
    refused = call("check", write(tmp_path), code=2)
    assert "the sampler 'halton' is in two packages, acme-hptui 1.0 and other 2.0" in refused
    assert '"acme_hptui.engine:HaltonEngine" or "acme_hptui:SPEC"' in refused
    call("check", write(tmp_path, sampler="acme_hptui:SPEC"))


def test_a_package_keeps_the_suites_that_hptui_ships(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    install("acme", site)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "-c", os.devnull]
    shutil.copytree(HERE / "acme" / "tests", tmp_path / "tests")
    command += ["--rootdir", str(tmp_path), str(tmp_path / "tests")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout[-5000:]
