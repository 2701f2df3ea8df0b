"""Scripts as people write them, run by a Python of their own, in a folder of their own."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TRAINER = '''
import math, time
print("loaded", __name__)

def director(*, lora_rank=16, lora_alpha=32, learning_rate=2e-4, batch_size=1, model_name="tiny", trial):
    """A loss that is least at rank 32 and 1e-4; above 0.7 from the start where the rate is far off."""
    trial.total_steps = 10
    level = 0.5 + (math.log10(learning_rate) + 4) ** 2 / 2 + abs(lora_rank - 32) / 400
    for step in range(1, 11):
        trial.report(step, loss=level + 0.1 / step, inference_time=lora_rank * batch_size / 10)
        time.sleep(0.1 if level > 0.7 else 0.0)  # a bad one takes long enough to be stopped
        if trial.should_stop:
            break
    return {"loss": level, "inference_time": lora_rank * batch_size / 10}
'''

STUDY = """
name = "director"
[objective]
metric = "loss"
[trainer]
kind = "train.py:director"
[space]
lora_rank     = { choices = [8, 16, 32, 64] }
lora_alpha    = { choices = [16, 32, 64, 128] }
learning_rate = { low = 1e-5, high = 5e-4, log = true }
batch_size    = { choices = [1, 2, 4] }
[search]
sampler = "random"
trials  = 20
seed    = 1
"""


class Folder:
    """Where a person works: a trainer, a study file, and whatever scripts they write."""

    def __init__(self, root, home):
        self.root, self.home = root, home
        root.mkdir()
        (root / "train.py").write_text(TRAINER)
        (root / "director.toml").write_text(STUDY)

    def start(self, script, *arguments, name="script.py"):
        """Start a script."""
        tell = "import json\ndef tell(**facts): print('\\n@@' + json.dumps(facts, default=str))\n"
        (self.root / name).write_text(tell + textwrap.dedent(script))
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
        environment = {**os.environ, "HPTUI_HOME": str(self.home), "PYTHONPATH": path}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([sys.executable, name, *arguments], cwd=self.root, env=environment, **pipes)

    def python(self, script, *arguments, name="script.py"):
        """Run a script; the result is what it gave to `tell`, the rest of what it printed stands in `out`."""
        process = self.start(script, *arguments, name=name)
        self.out, self.err = process.communicate(timeout=240)
        assert process.returncode == 0, self.out + self.err
        found = [line for line in self.out.splitlines() if line.startswith("@@")]
        return json.loads(found[-1][2:]) if found else None


@pytest.fixture
def folder(tmp_path, home):
    return Folder(tmp_path / "work", home)
