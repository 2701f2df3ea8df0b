"""Depends on what its environment's own `sitecustomize` sets up."""

import builtins

print(f"step 1 val_loss {builtins.from_sitecustomize}")
