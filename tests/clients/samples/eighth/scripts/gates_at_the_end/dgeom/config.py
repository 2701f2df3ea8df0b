import json
from datetime import datetime
from pathlib import Path

import yaml


class Run:
    def __init__(self, root):
        self.dir = root
        self.dir.mkdir(parents=True, exist_ok=True)

    def log(self, **values):
        with open(self.dir / "metrics.jsonl", "a") as f:
            f.write(json.dumps(values) + "\n")
        print("  ".join(f"{k}={v:.5g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items()), flush=True)


def setup(path, overrides, default_name):
    cfg = yaml.safe_load(Path(path).read_text())
    for item in overrides:
        key, value = item.split("=", 1)
        node = cfg
        *parents, leaf = key.split(".")
        for part in parents:
            node = node[part]
        if leaf not in node:
            raise KeyError(key)
        node[leaf] = yaml.safe_load(value)
    name = cfg.get("name", default_name)
    run = Run(Path("runs") / name / datetime.now().strftime("%Y%m%d-%H%M%S-%f"))
    (run.dir / "config.yaml").write_text(yaml.safe_dump(cfg))
    return cfg, run
