"""A script without a parser of its own: `--key=value` replaces a constant, and must be of its very type."""

import json
import sys
from ast import literal_eval

lr, batch_size, amp, layers, schedule = 0.1, 8, False, [1], "constant"
for word in sys.argv[1:]:
    name, _, text = word.removeprefix("--").partition("=")
    try:
        value = literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    assert type(value) is type(globals()[name]), f"{name} is a {type(globals()[name]).__name__}, not {text}"
    globals()[name] = value
print(
    "settings " + json.dumps({"lr": lr, "batch_size": batch_size, "amp": amp, "layers": layers, "schedule": schedule})
)
print(f"iter 4: train loss 0.5, val loss {lr}")
