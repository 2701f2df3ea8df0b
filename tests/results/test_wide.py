"""Reports of more settings than anybody reads: bounded, and each bound is said."""

import random

from hptui.results.report import write_report
from hptui.results.report_data import read_report_data
from tests.results.seeds import build, one

SETTINGS = 130


def test_a_report_of_many_settings_says_what_it_leaves_out(home):
    names, draw = [f"p{number:03d}" for number in range(SETTINGS)], random.Random(1)
    space = "".join(f"{name} = {{ low = 0.0, high = 1.0 }}\n" for name in names)
    settings = "".join(f"{name} = 0.5\n" for name in names)
    study = f"""name = "wide"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "command"
command = ["true", "{{args}}"]\n{settings}[space]\n{space}[search]\nsampler = "random"\n"""
    trials = [one(n, {name: draw.random() for name in names}, {"loss": 1 / (n + 1)}) for n in range(12)]
    text = write_report(read_report_data(build(home, study, trials)), "report.md", "results")[0]
    assert f"{SETTINGS} settings varied in 12 trials: too many to tell what each does" in text
    assert f"{SETTINGS - 100} more settings have no column here" in text
    table = next(line for line in text.split("\n") if line.startswith("| Trial | p000"))
    assert "p099" in table
    assert "p100" not in table
    assert f"{SETTINGS - 8} more settings varied." in text
