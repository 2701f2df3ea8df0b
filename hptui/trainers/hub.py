"""Access to the hub of models and data sets, online only where it can be reached.

Without a network its client retries for half a minute for every file that it looks for. One short connection attempt
beforehand lets it fall back at once on what was downloaded earlier.
"""

from __future__ import annotations

import socket
import urllib.request
from urllib.parse import urlsplit

CONNECT_TIMEOUT_S = 5.0
"""Timeout of the connection attempt, in seconds."""
DEFAULT_PORTS = {"http": 80, "https": 443}
"""Port of each URL scheme, where an address names none."""


def set_offline_if_unreachable() -> None:
    """Set the hub client of this process to offline mode if its host cannot be reached."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE or urllib.request.getproxies():  # a proxy may reach hosts that this machine cannot
        return
    url = urlsplit(constants.ENDPOINT)
    try:
        socket.create_connection((url.hostname or "", url.port or DEFAULT_PORTS[url.scheme]), CONNECT_TIMEOUT_S).close()
    except (OSError, KeyError):
        constants.HF_HUB_OFFLINE = True
