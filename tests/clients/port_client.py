"""A client that finds its port taken the first time, as when another program was faster."""

import argparse
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int)
parser.add_argument("--out", type=Path)
args = parser.parse_args()
seen = args.out / "first-port"
if not seen.exists():
    seen.write_text(str(args.port))
    sys.exit(f"RuntimeError: The server socket on port {args.port} has failed to listen: EADDRINUSE, address in use")
print(f"val_loss={1.0 if args.port != int(seen.read_text()) else 9.0}")
