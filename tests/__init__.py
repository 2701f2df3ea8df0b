"""The tests. Bytecode is written whatever the environment says: some thousand processes would compile it anew."""

import os
import sys

os.environ["PYTHONDONTWRITEBYTECODE"] = ""
sys.dont_write_bytecode = False
