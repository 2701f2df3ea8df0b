"""`python -m hptui` runs the `hptui` command."""

import sys

if not sys.flags.safe_path:  # a folder that holds a `random.py` hides no module of Python's library
    sys.path.append(sys.path.pop(0))

from hptui.cli.main import main

if __name__ == "__main__":
    main()
