"""Keys of `[notify]`, in a study file and in the user's configuration."""

from __future__ import annotations

from hptui.core.keys import COMMAND, Key, Table, list_of, one_of, text_like
from hptui.core.notify import NOTICE_KINDS, WEBHOOK_FORMS

READERS = "hptui.studyfile.notify"
"""Module of the functions that read what a type cannot say."""
VARIABLE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"
"""Names of environment variables."""
ADDRESS_PATTERN = r"^[^\s,;:<>()\"\\-][^\s,;:<>()\"\\]*$"
"""E-mail addresses, and names of local users."""
VARIABLE = text_like(VARIABLE_PATTERN)

NOTIFY = Table(
    "notify",
    "[notify]",
    "Who is notified of what happens. A key that is not given here has its value of the user's configuration.",
    "Notify",
    (
        Key(
            "on",
            list_of(one_of(*NOTICE_KINDS, noun="event")),
            "What to notify of; by default all but best",
            default=None,
            example='["done", "paused", "best"]',
        ),
        Key(
            "command",
            COMMAND,
            "A command, as a list of words, with placeholders such as {title} and {message}",
            default=None,
            example='["notify-send", "{title}", "{message}"]',
        ),
        Key(
            "webhook",
            VARIABLE,
            "Name of the environment variable that holds the URL to post to",
            default=None,
            reader=f"{READERS}:read_variable",
            example='"TEAM_WEBHOOK"',
        ),
        Key(
            "form",
            one_of(*WEBHOOK_FORMS),
            "What is posted there: JSON of hptui's own by default, or what a service expects",
            default=None,
            example='"slack"',
        ),
        Key(
            "token",
            VARIABLE,
            "Name of the environment variable that holds the bearer token of the webhook",
            default=None,
            reader=f"{READERS}:read_variable",
            example='"NTFY_TOKEN"',
        ),
        Key(
            "email",
            text_like(ADDRESS_PATTERN),
            "Address to write to, by the sendmail of this machine",
            default=None,
            reader=f"{READERS}:read_address",
            example='"me@example.org"',
        ),
    ),
)
"""`[notify]`. No key has a default of its own, so that those of the user's configuration can be filled in."""
