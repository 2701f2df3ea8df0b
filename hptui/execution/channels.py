"""The channels by which a notice is sent: a command, a webhook, e-mail. Each call may take as long as its time limit.

All give the notice's id along, the same at every try, so that a receiver can drop what it has already."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hptui.core.dataclass import dataclass
from hptui.core.masking import mask_text
from hptui.core.notify import Notify
from hptui.core.sanitize import sanitize
from hptui.core.version import __version__
from hptui.store.notices import Notice

if TYPE_CHECKING:
    from email.message import EmailMessage

WEBHOOK_TIMEOUT_S = 10.0
"""Seconds of silence after which a webhook is given up."""
PROGRAM_TIMEOUT_S = 60.0
"""Seconds after which a command or sendmail is killed."""
SENDMAIL_PLACES = ("/usr/sbin/sendmail", "/usr/lib/sendmail")
"""Where sendmail is, if it is not on the PATH."""
TEMPORARY_FAILURE = 75
"""Exit code of a sendmail that can be asked again (EX_TEMPFAIL)."""
MAX_DISCORD_CHARACTERS = 2000
"""Characters of a message on Discord."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """Result of a try. `final`: it is not to be repeated, whether it was sent or refused."""

    sent: bool
    final: bool
    text: str


Send = Callable[[Notice], SendResult]
"""Sends a notice; blocks until the result is known. Raises nothing."""


def senders(settings: Notify, study: str, directory: str, environ: Mapping[str, str]) -> dict[str, Send]:
    """Return the function of each channel whose secrets are in the environment.

    `directory` is that of the study file, in which a command runs.
    """
    facts = {"study": study, "host": socket.gethostname()}
    result: dict[str, Send] = {}
    if command := settings.command:
        result["command"] = lambda notice: _run_command(command, {**_facts(notice), **facts}, directory, environ)
    if settings.webhook and not settings.missing_variables(environ):
        url, token = environ[settings.webhook], environ[settings.token] if settings.token else ""
        form = settings.form or "json"
        result["webhook"] = lambda notice: _post(url, token, form, notice, facts)
    if address := settings.email:
        result["email"] = lambda notice: _mail(address, notice, facts)
    return result


def _facts(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "at": notice.at,
        "kind": notice.kind,
        "trial": notice.trial,
        "title": notice.title,
        "message": notice.message,
    }


# a command --------------------------------------------------------------------------------------------------------


def _run_command(
    command: tuple[str, ...], facts: Mapping[str, Any], directory: str, environ: Mapping[str, str]
) -> SendResult:
    texts = {key: "" if value is None else str(value) for key, value in facts.items()}
    words = [part.format_map(FactPlaceholders(texts)) for part in command]
    variables = {**environ, **{f"HPTUI_{key.upper()}": value for key, value in texts.items()}}
    return _run(words, b"", variables, directory)


class FactPlaceholders(dict[str, str]):
    """Fills in placeholders, and leaves unknown ones as they are."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _run(words: list[str], text: bytes, environ: Mapping[str, str], directory: str = "") -> SendResult:
    """Run a program. What it answers is final, unless it asks to be asked again."""
    try:
        process = subprocess.run(
            words,
            input=text,
            env=dict(environ),
            cwd=directory or None,
            timeout=PROGRAM_TIMEOUT_S,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return SendResult(False, False, f"{words[0]} took longer than {PROGRAM_TIMEOUT_S:g} s")
    except (OSError, ValueError) as error:
        return SendResult(False, True, f"{words[0]} cannot be run: {error}")
    if process.returncode == 0:
        return SendResult(True, True, "sent")
    errors = sanitize(process.stderr[-300:].decode(errors="replace").strip())
    text_ = f"{words[0]} ended with exit code {process.returncode}" + (f": {errors}" if errors else "")
    return SendResult(False, process.returncode != TEMPORARY_FAILURE, mask_text(text_))


# a webhook --------------------------------------------------------------------------------------------------------


def _post(url: str, token: str, form: str, notice: Notice, facts: Mapping[str, str]) -> SendResult:
    import http.client  # 40 ms with the next two: most studies post nothing
    import urllib.error  # see above
    import urllib.request  # see above

    class NoRedirects(urllib.request.HTTPRedirectHandler):
        """Follows no redirect: the token is for this address only."""

        def redirect_request(self, *_: Any) -> None:
            return None

    body, headers = request_of(form, notice, facts)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        if not url.startswith(("http://", "https://")):
            return SendResult(False, True, "the webhook's variable holds no http or https address")
        request = urllib.request.Request(url, body, headers)  # noqa: S310 (its scheme was just looked at)
        with urllib.request.build_opener(NoRedirects).open(request, timeout=WEBHOOK_TIMEOUT_S) as response:
            response.read(1000)
        return SendResult(True, True, "sent")
    except urllib.error.HTTPError as error:
        error.close()
        refused = 300 <= error.code < 500
        return SendResult(False, refused, f"the webhook answered {error.code} {sanitize(str(error.reason))}")
    except urllib.error.URLError as error:
        return SendResult(False, False, mask_text(f"the webhook cannot be reached: {error.reason}"))
    except (OSError, http.client.HTTPException) as error:
        return SendResult(False, False, f"the webhook did not answer: {type(error).__name__}")
    except ValueError:  # its text may hold the address, which is a secret
        return SendResult(False, True, "the webhook's variable holds no address that can be used")


def request_of(form: str, notice: Notice, facts: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of what a webhook of this form expects."""
    headers = {"Idempotency-Key": notice.id, "User-Agent": f"hptui/{__version__}"}
    if form == "ntfy":
        from email.header import Header  # a library: only for this form

        title = (
            Header(notice.title, "utf-8", maxlinelen=10_000).encode() if not notice.title.isascii() else notice.title
        )
        urgent = {"Priority": "high"} if notice.kind in ("paused", "failed", "disk") else {}
        return (notice.message or notice.title).encode(), {**headers, "Title": title, **urgent}
    headers["Content-Type"] = "application/json"
    text = "\n".join(filter(None, (notice.title, notice.message)))
    document: dict[str, Any] = {**_facts(notice), **facts}
    if form == "slack":
        for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(sign, entity)
        document = {"text": text}
    elif form == "discord":
        document = {"content": text[:MAX_DISCORD_CHARACTERS], "allowed_mentions": {"parse": []}}
    return json.dumps(document).encode(), headers


# e-mail -----------------------------------------------------------------------------------------------------------


def _mail(address: str, notice: Notice, facts: Mapping[str, str]) -> SendResult:
    program = shutil.which("sendmail") or next((path for path in SENDMAIL_PLACES if os.access(path, os.X_OK)), None)
    if program is None:
        return SendResult(False, True, "there is no sendmail on this machine")
    return _run([program, "-t", "-i"], bytes(mail_of(address, notice, facts)), os.environ)


def mail_of(address: str, notice: Notice, facts: Mapping[str, str]) -> EmailMessage:
    """Return a notice as a mail. Its Message-ID is the same at every try."""
    from email.message import EmailMessage  # a library: only for mail
    from email.utils import formatdate  # a library: only for mail

    mail = EmailMessage()
    mail["To"] = address
    mail["Subject"] = f"[hptui] {' '.join(notice.title.split())}"
    mail["Date"] = formatdate(notice.at, localtime=True)
    mail["Message-ID"] = f"<{notice.id}@hptui.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{notice.message or notice.title}\n\n{facts['study']} on {facts['host']}\n")
    return mail
