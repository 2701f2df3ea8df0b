import os

import torch
from torch._state import STATE
from torch.utils.data import Dataset


def print_rank_0(msg, rank=0):
    if rank <= 0:
        print(msg)


class PromptDataset(Dataset):
    def __init__(self, size):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return {"input_ids": i, "attention_mask": 1, "labels": i}


def create_prompt_dataset(data_path, data_split, output_path, tokenizer, max_seq_len):
    os.makedirs(output_path, exist_ok=True)
    return PromptDataset(720), PromptDataset(80)


def convert_linear_layer_to_lora(model, part_module_name, lora_dim=0):
    STATE.lora = lora_dim
    return model


def save_hf_format(model, tokenizer, args):
    model.save_pretrained(args.output_dir)
    torch.save(model.state_dict(), os.path.join(args.output_dir, "pytorch_model.bin"))
