import dataclasses
import json
import sys
from pathlib import Path

import yaml

from transformers import Seq2SeqTrainingArguments

from .data_args import DataArguments
from .finetuning_args import FinetuningArguments
from .model_args import ModelArguments

_TRAIN_ARGS = (ModelArguments, DataArguments, Seq2SeqTrainingArguments, FinetuningArguments)
_IGNORED = {"plot_loss", "save_only_model", "ddp_timeout", "dataloader_num_workers"}


def read_args():
    r"""Gets arguments from a YAML or JSON file and `key=value` words after it."""
    args = sys.argv[1:] or ["examples/train_lora/qwen3_lora_sft.yaml"]
    if not args[0].endswith((".yaml", ".yml", ".json")):
        raise ValueError(f"Got unexpected argument: {args[0]}")
    text = Path(args[0]).absolute().read_text()
    config = json.loads(text) if args[0].endswith(".json") else yaml.safe_load(text)
    for word in args[1:]:
        key, value = word.split("=", 1)
        config[key] = yaml.safe_load(value)
    return config


def get_train_args():
    config = read_args()
    known = {field.name: field.type for dtype in _TRAIN_ARGS for field in dataclasses.fields(dtype)}
    unknown = set(config) - set(known) - _IGNORED
    if unknown:
        raise ValueError(f"Some keys are not used by the HfArgumentParser: {sorted(unknown)}")
    config = {k: float(v) if known.get(k) is float else v for k, v in config.items()}
    return tuple(
        dtype(**{f.name: config[f.name] for f in dataclasses.fields(dtype) if f.name in config}) for dtype in _TRAIN_ARGS
    )
