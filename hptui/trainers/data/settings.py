"""The settings of data: where examples come from and how they become tokens. Free of torch."""

from __future__ import annotations

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError
from hptui.trainers.settings import setting

DATA, PROMPT, SEQUENCE = "Data", "Prompt", "Sequence"
SOURCE = "a file (.jsonl .json .csv .parquet), a directory of texts, a dataset of the hub, or hptui:…"
"""The sources that an examples setting may name, as its help says it."""


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Files, splits, prompts and lengths. Raises: UserError for values that cannot work together."""

    train: str = setting(help=f"examples to train on: {SOURCE}", category=DATA)
    validation: str = setting("", "examples for eval_loss; empty: a split or a share of train", category=DATA)
    test: str = setting("", "examples kept for the end; empty: a split or a share of train, if any", category=DATA)
    dataset_config: str = setting("", "which configuration of a dataset of the hub", category=DATA)
    split_column: str = setting("", "the column of train that says which split a row belongs to", category=DATA)
    train_split: str = setting("train", "the name of the training split, in split_column or on the hub", category=DATA)
    validation_split: str = setting("validation", "the name of the validation split", category=DATA)
    test_split: str = setting("test", "the name of the test split", category=DATA)
    validation_fraction: float = setting(
        0.1, "share of train kept for validation, where nothing else names one", category=DATA, typical="0.05 to 0.2"
    )
    test_fraction: float = setting(
        0.0, "share of train kept for testing, where nothing else names one", category=DATA, typical="0 to 0.2"
    )
    split_seed: int = setting(42, "draws the shares and the samples; not the order of training", category=DATA)
    train_samples: int = setting(0, "train on so many examples; 0: all", unit="examples", category=DATA, low=0)
    eval_samples: int = setting(0, "validate on so many examples; 0: all", unit="examples", category=DATA, low=0)

    prompt_template: str = setting(
        "{prompt}", "what the model is given: text with columns in braces, and {system_prompt}", category=PROMPT
    )
    completion_template: str = setting(
        "{completion}", "what it shall answer: text with columns in braces", category=PROMPT
    )
    system_prompt: str = setting("", "goes first: into the chat template, or where {system_prompt} is", category=PROMPT)
    chat_template: bool = setting(
        False, "lay prompt and completion out with the chat template of the tokenizer", category=PROMPT
    )
    text_field: str = setting("", "a column with whole texts, instead of the templates", category=PROMPT)
    messages_field: str = setting(
        "", "a column with lists of {role, content}, instead of the templates; needs a chat template", category=PROMPT
    )
    loss_on: str = setting(
        "completion",
        "which tokens are learnt",
        category=PROMPT,
        choices=("completion", "all"),
    )
    add_eos: bool = setting(
        True, "learn to end: an end-of-text token after each example that a chat template does not end", category=PROMPT
    )

    max_length: int = setting(
        1024, "tokens of an example", unit="tokens", category=SEQUENCE, typical="256 to 8192", memory=True, low=2
    )
    too_long: str = setting(
        "truncate",
        "what happens to examples above max_length; split: the rest of a text is an example of its own",
        category=SEQUENCE,
        choices=("truncate", "drop", "split"),
    )
    padding: str = setting(
        "longest",
        "length of a batch: its longest example, or max_length always",
        category=SEQUENCE,
        choices=("longest", "max_length"),
    )
    packing: bool = setting(
        False, "put several examples into one row of max_length tokens; they do not see each other", category=SEQUENCE
    )

    def __post_init__(self) -> None:
        if self.text_field and self.messages_field:
            raise UserError("text_field and messages_field are two ways to say one thing; give one of them")
        for name in ("validation_fraction", "test_fraction"):
            if not 0 <= getattr(self, name) < 1:
                raise UserError(f"{name} must be at least 0 and below 1, got {getattr(self, name)}")
        if self.validation_fraction + self.test_fraction >= 1:
            raise UserError(
                f"validation_fraction and test_fraction leave nothing to train on: {self.validation_fraction} and "
                f"{self.test_fraction}"
            )
