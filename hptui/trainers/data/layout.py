"""The layout of a row as text: pieces of text for the model, each learnt or only read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from string import Formatter
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import Unsupported, UserError, did_you_mean
from hptui.trainers.data.read import TEXT_COLUMN, Row
from hptui.trainers.data.settings import DataSettings

SYSTEM_FIELD = "system_prompt"
"""The name that stands for the system prompt in a template."""
Chat = Callable[[Sequence[Mapping[str, str]], bool], str]
"""A chat template: takes messages and whether to begin the answer, and returns the text."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text. `learnt`: the loss counts its tokens."""

    text: str
    learnt: bool


@dataclass(frozen=True, slots=True)
class Example:
    """One example as text. A generation starts from `prompt`, and `reference` is its answer; '' for plain texts.

    `whole`: the chat template wrote all special tokens, so none must be added.
    """

    row: int
    pieces: tuple[Piece, ...]
    prompt: str = ""
    reference: str = ""
    whole: bool = False

    @property
    def text(self) -> str:
        """The text of all pieces."""
        return "".join(piece.text for piece in self.pieces)


class ExampleLayout:
    """How the rows of a study become examples. Created once the columns are known."""

    def __init__(self, settings: DataSettings, columns: Iterable[str], *, plain: bool, chat: Chat | None) -> None:
        self.settings, self.chat = settings, chat
        self.text_field = settings.text_field or (TEXT_COLUMN if plain and not settings.messages_field else "")
        self.check("training", tuple(columns))
        self._check_settings()

    @property
    def used(self) -> tuple[str, ...]:
        """The columns that reach the model."""
        single = self.text_field or self.settings.messages_field
        if single:
            return (single,)
        names = [*template_fields(self.settings.prompt_template), *template_fields(self.settings.completion_template)]
        return tuple(dict.fromkeys(name for name in names if name != SYSTEM_FIELD))

    def check(self, split: str, columns: Sequence[str]) -> None:
        """Refuse a split whose rows lack a column that the settings name. Raises: UserError."""
        settings = self.settings
        for name in ("text_field", "messages_field"):
            if getattr(settings, name):
                _require_columns(name, [getattr(settings, name)], split, columns)
        if not (self.text_field or settings.messages_field):
            for name in ("prompt_template", "completion_template"):
                _require_columns(name, template_fields(getattr(settings, name), name), split, columns)

    def _check_settings(self) -> None:
        settings = self.settings
        if (settings.chat_template or settings.messages_field) and self.chat is None:
            raise UserError("the tokenizer has no chat template", hint="use prompt_template and chat_template = false")
        if settings.too_long == "split" and not self.text_field:
            raise UserError('too_long = "split" is for plain texts; a prompt and its completion cannot be split')
        placed = settings.chat_template or SYSTEM_FIELD in template_fields(settings.prompt_template)
        if settings.system_prompt and not self.text_field and not settings.messages_field and not placed:
            raise UserError("system_prompt is given, but prompt_template has no {system_prompt} to put it")

    def example(self, index: int, row: Row) -> Example | None:
        """Return the example of a row; None where its prompt or its completion is empty."""
        if self._is_incomplete(row):
            return None
        if self.text_field:
            return Example(index, (Piece(str(row[self.text_field]), True),))
        if self.settings.messages_field:
            return self._conversation(index, row[self.settings.messages_field])
        prompt, completion = self._render("prompt_template", row), self._render("completion_template", row)
        if self.settings.chat_template:
            system = [{"role": "system", "content": self.settings.system_prompt}] if self.settings.system_prompt else []
            messages = [*system, {"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
            return self._conversation(index, messages)
        learnt = self.settings.loss_on == "all"
        return Example(index, (Piece(prompt, learnt), Piece(completion, True)), prompt, completion)

    def _is_incomplete(self, row: Row) -> bool:
        """Return whether a row has no question or no answer.

        A column of a prompt may be empty, as optional inputs are; all of them may not.
        """
        if self.text_field or self.settings.messages_field:
            return _empty(row.get(self.used[0]))
        prompt_fields, completion_fields = (
            template_fields(text) for text in (self.settings.prompt_template, self.settings.completion_template)
        )
        prompt_columns = [name for name in prompt_fields if name != SYSTEM_FIELD]
        return any(_empty(row.get(name)) for name in completion_fields if name != SYSTEM_FIELD) or (
            bool(prompt_columns) and all(_empty(row.get(name)) for name in prompt_columns)
        )

    def _render(self, setting: str, row: Row) -> str:
        values = {**row, SYSTEM_FIELD: self.settings.system_prompt}
        template: str = getattr(self.settings, setting)
        return "".join(
            text + ("" if name is None else cell_text(values.get(name)))
            for text, name in _template_parts(template, setting)
        )

    def _conversation(self, index: int, messages: Any) -> Example:
        """Return the example of a conversation in which each answer is learnt.

        Raises: Unsupported if the template writes the beginning of a conversation otherwise than the whole.
        """
        assert self.chat is not None
        turns = _messages(messages, index)
        pieces, written = [], ""
        prompt = ""
        for n, turn in enumerate(turns):
            if turn["role"] != "assistant":
                continue
            opened, closed = self.chat(turns[:n], True), self.chat(turns[: n + 1], False)
            if not opened.startswith(written) or not closed.startswith(opened):
                raise Unsupported(
                    "the tokenizer's chat template rewrites what came before an answer, which cannot be told apart",
                    hint="use prompt_template with chat_template = false",
                )
            pieces += [
                Piece(opened[len(written) :], self.settings.loss_on == "all"),
                Piece(closed[len(opened) :], True),
            ]
            prompt, written = opened, closed
        if not pieces:
            raise UserError(f"messages_field: row {index} has no message of the assistant")
        return Example(index, tuple(pieces), prompt, str(turns[-1]["content"]), whole=True)


def _require_columns(setting: str, names: Iterable[str], split: str, columns: Sequence[str]) -> None:
    for name in names:
        if name not in columns and name != SYSTEM_FIELD:
            raise UserError(
                f"{setting}: the {split} data have no column {name!r}; they have {', '.join(columns) or 'none'}",
                hint=did_you_mean(name, columns),
            )


def _messages(messages: Any, index: int) -> list[dict[str, str]]:
    if isinstance(messages, str):
        try:
            messages = json.loads(messages)
        except ValueError as error:
            raise UserError(f"messages_field: row {index} is no list of messages: {messages[:60]!r}") from error
    valid = isinstance(messages, list) and all(
        isinstance(m, Mapping) and isinstance(m.get("role"), str) and isinstance(m.get("content"), str)
        for m in messages
    )
    if not valid or not messages:
        raise UserError(f"messages_field: row {index} is no list of messages with role and content")
    while messages and messages[-1]["role"] != "assistant":  # a question without an answer teaches nothing
        messages = messages[:-1]
    return [dict(message) for message in messages]


def _empty(value: Any) -> bool:
    return (
        value is None or (isinstance(value, str | list) and not value) or (isinstance(value, str) and value.isspace())
    )


def cell_text(value: Any) -> str:
    """Return a cell as text: '' for None, JSON for other values than texts."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def template_fields(template: str, setting: str = "template") -> list[str]:
    """Return the names in a template's braces. Raises: UserError if it cannot be read."""
    return [name for _, name in _template_parts(template, setting) if name is not None]


def _template_parts(template: str, setting: str) -> list[tuple[str, str | None]]:
    """Return stretches of text, each with the column after it.

    A template holds names of columns and nothing else: no attributes, no formats, which could reach into objects.
    """
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise UserError(f"{setting}: {error} in {template[:80]!r}", hint="write a brace as {{ or }}") from error
    for _, name, spec, conversion in parts:
        if name == "" or spec or conversion:
            raise UserError(f"{setting}: braces hold the name of a column and nothing else, got {template[:80]!r}")
    return [(text, name) for text, name, _, _ in parts]
