#!/bin/sh
# Gather the wheels that a bare machine with torch, transformers and peft still needs for the acceptance: about 14 MB.
#   tests/gpu/wheels.sh FOLDER
# bitsandbytes is repacked with the libraries of one CUDA version and of the CPU alone: 43 MB become 4.
# PYTHON_OF_THE_MACHINE (3.12) and CUDA_OF_THE_MACHINE (130, that of its torch) say what the machine has.
set -eu
folder=${1:?"usage: tests/gpu/wheels.sh FOLDER"}
python=${PYTHON_OF_THE_MACHINE:-3.12}
cuda=${CUDA_OF_THE_MACHINE:-130}
mkdir -p "$folder"

fetch() {
    python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$folder" --python-version "$python" \
        --implementation cp --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
        --platform manylinux_2_24_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 "$@"
}

fetch nvidia-ml-py tomlkit sqlite-utils sqlite-fts4 click-default-group pluggy python-dateutil six tabulate  # all need these
fetch optuna alembic colorlog sqlalchemy mako greenlet cmaes       # sampler = "tpe"
fetch pytest iniconfig                                              # the tests' modules are imported, not run by it
fetch nltk absl-py joblib                                           # metrics of answers
python3 -m pip wheel --quiet --no-deps --wheel-dir "$folder" rouge-score   # has no wheel of its own
fetch textual platformdirs mdit-py-plugins linkify-it-py uc-micro-py        # the screens
fetch bitsandbytes

python3 - "$folder" "$cuda" <<'PYTHON'
import re
import sys
import zipfile
from pathlib import Path

folder = Path(sys.argv[1])
KEPT = re.compile(rf"libbitsandbytes_(cpu|cuda{sys.argv[2]})\.so$")
(wheel,) = folder.glob("bitsandbytes-*.whl")
small = wheel.with_suffix(".small")
with zipfile.ZipFile(wheel) as every:
    if not any(f"cuda{sys.argv[2]}.so" in name for name in every.namelist()):
        sys.exit(f"bitsandbytes has no library for CUDA {sys.argv[2]}")
with zipfile.ZipFile(wheel) as whole, zipfile.ZipFile(small, "w", zipfile.ZIP_DEFLATED) as kept:
    for entry in whole.infolist():
        library = entry.filename.endswith(".so")
        if not library or KEPT.search(entry.filename):
            data = whole.read(entry)
            if entry.filename.endswith("RECORD"):  # pip refuses a record of files that are not there
                lines = data.decode().splitlines()
                left = [line for line in lines if ".so," not in line or KEPT.search(line.split(",")[0])]
                data = ("\n".join(left) + "\n").encode()
            kept.writestr(entry.filename, data)
small.replace(wheel)
PYTHON
du -sh "$folder"
