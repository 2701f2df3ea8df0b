"""What an attempt trained from: the commit of that moment, and the files that its settings name."""

import hashlib
import os
import subprocess

import pytest

from hptui.trainers.provenance import data_facts, git_facts

pytestmark = pytest.mark.process


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    commit = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "train.py").write_text("print(1)\n")
    for words in (["init", "-q"], ["add", "train.py"], ["commit", "-qm", "one"]):
        subprocess.run([*commit, *words], check=True)
    return tmp_path


def test_git_commit_dirt_and_remote(repository):
    clean = git_facts(repository)
    assert len(clean["git_commit"]) == 40
    assert clean["git_dirty"] is False
    (repository / "train.py").write_text("print(2)\n")
    remote = "https://me:hunter2@example.org/x.git"
    subprocess.run(["git", "-C", str(repository), "remote", "add", "origin", remote], check=True)
    dirty = git_facts(repository)
    assert dirty["git_dirty"] is True
    assert dirty["git_remote"] == "https://***@example.org/x.git"


def test_outside_a_repository_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_facts(tmp_path) == {}


def test_a_repository_cannot_have_its_own_program_run(repository):
    witness = repository / "witness"
    hook = repository / "hook.sh"
    hook.write_text(f"#!/bin/sh\ntouch {witness}\n")
    hook.chmod(0o755)
    subprocess.run(["git", "-C", str(repository), "config", "core.fsmonitor", str(hook)], check=True)
    git_facts(repository)
    assert not witness.exists()


def test_files_that_settings_name_are_hashed(tmp_path):
    train, cache = tmp_path / "train.jsonl", tmp_path / "cache"
    train.write_text('{"text": "a"}\n')
    settings = {
        "train": "train.jsonl",
        "also": ["train.jsonl", 3],
        "schedule": "cosine",
        "rate": 1e-3,
        "prompt": "The \n",
    }
    found = data_facts(settings, tmp_path, cache)["data"]
    assert list(found) == ["train.jsonl"]
    facts = found["train.jsonl"]
    assert facts["sha256"] == hashlib.sha256(train.read_bytes()).hexdigest()
    assert facts["bytes"] == 14
    assert facts["mtime"] == os.stat(train).st_mtime


def test_a_file_is_hashed_once_for_as_long_as_it_stays(tmp_path, monkeypatch):
    train, cache = tmp_path / "train.jsonl", tmp_path / "cache"
    train.write_text("one")
    first = data_facts({"train": str(train)}, tmp_path, cache)
    monkeypatch.setattr("hptui.trainers.provenance._sha256", lambda path, size: "hashed again")
    assert data_facts({"train": str(train)}, tmp_path, cache) == first
    train.write_text("two, and longer")
    assert data_facts({"train": str(train)}, tmp_path, cache)["data"][str(train)]["sha256"] == "hashed again"


def test_a_directory_is_known_by_what_is_in_it_and_places_to_write_to_are_no_data(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("a")
    before = data_facts({"text": "corpus", "output_dir": "corpus"}, tmp_path, tmp_path / "cache")
    assert data_facts({"output_dir": "corpus"}, tmp_path, tmp_path / "cache") == {}
    (corpus / "b.txt").write_text("b")
    after = data_facts({"text": "corpus"}, tmp_path, tmp_path / "cache")
    assert before["data"]["corpus"]["sha256"] != after["data"]["corpus"]["sha256"]
    assert after["data"]["corpus"]["bytes"] == 2
