"""The hub of models and data sets, asked only where it can be reached.

Without a network its client tries for half a minute, for every file that it looks for. One short look before it does
has it use what was downloaded earlier, at once.
"""

from __future__ import annotations

import socket
import urllib.request
from urllib.parse import urlsplit

SECONDS = 5.0
PORTS = {"http": 80, "https": 443}


def settle() -> None:
    """Have the hub's client of this process stay offline, if its host cannot be reached from here."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE or urllib.request.getproxies():  # a proxy knows hosts that we do not
        return
    place = urlsplit(constants.ENDPOINT)
    try:
        socket.create_connection((place.hostname or "", place.port or PORTS[place.scheme]), SECONDS).close()
    except (OSError, KeyError):
        constants.HF_HUB_OFFLINE = True
