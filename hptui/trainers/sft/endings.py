"""Warnings about how answers end. A model that never saw the end of an answer cannot learn to stop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hptui.trainers.sft.settings import SftSettings


def ending_warnings(settings: SftSettings, facts: Mapping[str, Any], end_of_text: str | None) -> list[str]:
    """Return warnings about the ends of the prepared answers.

    `end_of_text` is the tokenizer's token for the end of a text, None if it has none.
    """
    return list(_warnings(settings, facts, end_of_text))


def _warnings(settings: SftSettings, facts: Mapping[str, Any], end_of_text: str | None) -> Iterator[str]:
    chat = settings.chat_template or bool(settings.messages_field)
    answers, unended = facts.get("answers", 0), facts.get("answers_without_end", 0)
    added = facts.get("answers_with_added_end", 0)
    if settings.add_eos and end_of_text is None and (unended or not answers):
        yield "add_eos has no effect: the tokenizer has no end-of-text token"
    if added:
        yield (
            f"the chat template writes no special token after {added} of {answers} answers; add_eos puts "
            f"{end_of_text!r} there, so that the model can learn to stop"
        )
    if unended and not settings.stop:
        remedy = "add_eos = true would add one" if not settings.add_eos and end_of_text else "stop can name a text"
        yield f"{unended} of {answers} answers end with no special token: the model cannot learn to stop; {remedy}"
    if chat and not settings.add_eos and answers and not unended:
        yield "add_eos = False has no effect: the chat template decides how a text ends"
