"""The warm launcher imports everything for a fine-tuning without touching a GPU; its children still train in 4 bits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.trainers.attempts import ROOT
from tests.trainers.sft.tiny import attempt, points, told

LAUNCHER = '''
import json, os, sys
import torch
touched = []
for name in ("_lazy_init", "get_device_capability", "get_device_properties", "current_device"):
    setattr(torch.cuda, name, lambda *_, name=name: touched.append(name))
torch.cuda.is_available, torch.cuda.device_count = lambda: True, lambda: 1  # as on a machine with a GPU
from hptui import studyfile
from hptui.trainers import registry, worker
from hptui.execution.local.launcher import load_worker
study = studyfile.read_text("""
name = "s"
objective.metric = "rougeL"
trainer = { kind = "sft", generate_samples = 4 }
space.lora_rank = "{1, 2}"
""")
load_worker("hptui.trainers.worker:main", registry.preload("sft", study))
late = ["hptui.trainers.sft.train", "peft", "bitsandbytes", "datasets", "rouge_score", "scipy"]
seen = [name for name in late if name in sys.modules]
torch.cuda.is_available, torch.cuda.device_count = lambda: False, lambda: 0
for directory in sys.argv[1:]:
    pid = os.fork()
    if pid == 0:
        os._exit(worker.main(directory))
    assert os.waitpid(pid, 0)[1] == 0
print(json.dumps([touched, seen]))
'''


def test_a_forked_child_of_the_launcher_trains_with_every_adapter(study: Path) -> None:
    kinds = ({"adapter": "lora"}, {"adapter": "qlora"}, {"adapter": "lora", "optimizer": "adamw_8bit"})
    runs = [attempt(study, {**kind, "steps": 2}, number=n) for n, kind in enumerate(kinds)]
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER, *(str(run.root) for run in runs)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    touched, seen = json.loads(done.stdout.splitlines()[-1])
    assert touched == []
    assert seen == ["hptui.trainers.sft.train", "peft", "rouge_score"]
    for run in runs:
        assert list(points(run, "train_loss")) == [1, 2], done.stderr
    memory = [told(run, "facts")["memory_model_gb"] for run in runs]
    assert memory[1] < memory[0] == memory[2]
