"""python -m tests.golden record|check [PART…]      python -m tests.golden show|stores      (see README.md here)"""

from __future__ import annotations

import difflib
import json
import lzma
import os
import sys
import time
from collections.abc import Mapping

from tests.golden import frames, fresh, parts
from tests.golden.place import RECORDS, place

PARTS = {
    "help": parts.help_,
    "schema": fresh.schema,
    "stores": parts.stores,
    "files": parts.files,
    "check": parts.check,
    "frames": frames.frames,
}
SHOWN = 60
"""Lines of a diff that are printed of one record."""


def taken(name: str) -> dict[str, str]:
    """What a part is now."""
    return dict(PARTS[name]())


def recorded(name: str) -> dict[str, str]:
    """What it was."""
    found: dict[str, str] = json.loads(lzma.decompress((RECORDS / f"{name}.json.xz").read_bytes()))
    return found


def differences(was: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """A diff for each record that differs, is gone or is new."""
    found = []
    for name in sorted({*was, *now}):
        before, after = was.get(name), now.get(name)
        if before == after:
            continue
        if before is None or after is None:
            found.append(f"{name}: {'new' if before is None else 'gone'}")
            continue
        lines = difflib.unified_diff(
            before.splitlines(), after.splitlines(), f"{name} (recorded)", f"{name} (now)", "", "", 1, ""
        )
        shown = list(lines) or ["(differs in how its lines end)"]
        more = [f"… {len(shown) - SHOWN} more lines"] if len(shown) > SHOWN else []
        found.append("\n".join(shown[:SHOWN] + more))
    return found


def main(words: list[str]) -> int:
    """Carry out; the exit code."""
    verb, names = (words[0] if words else ""), words[1:] or list(PARTS)
    if verb == "stores":
        from tests.golden import studies

        studies.make()
        return 0
    if verb == "show":
        for part in PARTS:
            for name, text in recorded(part).items():
                if " ".join(words[1:]) in name:
                    sys.stdout.write(f"=== {part}: {name}\n{text}\n")
        return 0
    if verb not in ("record", "check") or not set(names) <= set(PARTS):
        sys.stderr.write(f"{__doc__}\nparts: {' '.join(PARTS)}\n")
        return 2
    bad = 0
    for name in names:
        began, cpu = time.monotonic(), os.times()
        with place():
            now = taken(name)
        spent = sum(os.times()[:4]) - sum(cpu[:4])
        if verb == "record":
            RECORDS.mkdir(exist_ok=True)
            text = json.dumps(now, ensure_ascii=False, indent=0, sort_keys=True).encode("utf-8", "surrogatepass")
            (RECORDS / f"{name}.json.xz").write_bytes(lzma.compress(text, preset=9))
            told = f"recorded, {(RECORDS / f'{name}.json.xz').stat().st_size / 1024:.0f} KB"
        else:
            found = differences(recorded(name), now)
            bad += len(found)
            for one in found:
                sys.stdout.write(f"\n{one}\n")
            sys.stdout.flush()
            told = f"{len(found)} differ" if found else "equal"
        sys.stderr.write(f"{name}: {len(now)} records, {told}, {time.monotonic() - began:.0f} s, CPU {spent:.0f} s\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
