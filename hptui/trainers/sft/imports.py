"""All imports of a fine-tuning, for a process that will be forked. They do not initialise a GPU."""

from hptui.trainers.sft.bitsandbytes import import_without_bitsandbytes

import_without_bitsandbytes(
    "transformers.models.auto.modeling_auto", "transformers.models.auto.tokenization_auto", "peft"
)

from hptui.trainers.sft import prepare, train  # noqa: E402  # peft must be imported already, without bitsandbytes

__all__ = ["prepare", "train"]
