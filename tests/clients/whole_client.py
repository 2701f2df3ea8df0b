"""Gets all its parameters at once, or from its environment: the first word says how."""

import ast
import json
import sys
from pathlib import Path

how, text = sys.argv[1], sys.argv[2]
if how == "json":
    given = json.loads(text)
elif how == "file":
    given = json.loads(Path(text).read_text())
elif how == "dict":
    given = ast.literal_eval(text)
elif how == "variable":
    given = {"lr": float(text)}
else:
    given = dict(word.removeprefix("--").split("=", 1) for word in sys.argv[2:])
    given = {name: ast.literal_eval(value) for name, value in given.items()}
print("given " + json.dumps(given))
print(f"step 1 val_loss {given.get('lr', 0.5)}")
