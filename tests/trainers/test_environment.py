"""What is recorded of the process that trains, and what never is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hptui.trainers import provenance
from tests.trainers.attempts import events, make, work


def test_versions_are_those_of_imported_packages() -> None:
    found = provenance.package_versions()
    assert found["numpy"] == np.__version__
    assert "json" not in found
    assert "hptui" not in found


def test_a_forked_process_looks_at_later_imports_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "KNOWN", provenance.KnownModules())
    before = provenance.package_versions()
    provenance.remember_versions()
    later = ModuleType("imported_later")
    later.__version__ = "7.1"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "imported_later", later)
    looked: list[str] = []
    monkeypatch.setattr(provenance, "distribution_version", lambda name: looked.append(name) or "")
    assert provenance.package_versions() == {**before, "imported_later": "7.1"}
    assert looked == []


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("CUDA_VISIBLE_DEVICES", "0,1", True),
        ("NCCL_DEBUG", "INFO", True),
        ("HF_HOME", "/data/hf", True),
        ("OMP_NUM_THREADS", "1", True),
        ("TOKENIZERS_PARALLELISM", "false", True),
        ("HF_TOKEN", "hf_aaaaaaaaaaaaaaaaaaaa", False),
        ("CUDA_API_KEY", "1", False),
        ("TORCH_SECRET", "1", False),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", False),
        ("HF_ENDPOINT", "https://me:pass@example.org", False),
        ("TORCH_HOME", "hf_aaaaaaaaaaaaaaaaaaaa", False),
        ("PATH", "/bin", False),
    ],
)
def test_variables_are_taken_by_an_allow_list(name: str, value: str, kept: bool) -> None:
    assert (name in provenance.recorded_variables({name: value})) is kept


def test_no_secret_reaches_the_record(tmp_path: Path) -> None:
    run = make(tmp_path, "toy", {"steps": 2})
    work(run, HF_TOKEN="hf_plantedplantedplanted", WANDB_API_KEY="planted", CUDA_LAUNCH_BLOCKING="1")
    assert "planted" not in "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    environment_ = events(run, "hello")[0]["environment"]
    assert environment_["variables"]["CUDA_LAUNCH_BLOCKING"] == "1"
    assert environment_["variables"]["OMP_NUM_THREADS"] == "1"
    assert environment_["worker_threads"] == 1
    assert json.dumps(environment_["determinism"]["hash_seed"])
