"""Everything that a fine-tuning imports, for a process that will be forked: no GPU is touched on the way."""

from hptui.trainers.sft.bnb import import_hidden

import_hidden("transformers.models.auto.modeling_auto", "transformers.models.auto.tokenization_auto", "peft")

from hptui.trainers.sft import prepare, train  # noqa: E402  # they must find peft imported already

__all__ = ["prepare", "train"]
