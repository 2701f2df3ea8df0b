"""A small stand-in for the parts of unsloth that this script uses."""
from types import SimpleNamespace

from transformers import Model, Tokenizer

print("🦥 Unsloth: Will patch your computer to enable 2x faster free finetuning.")


class FastLanguageModel:
    @staticmethod
    def from_pretrained(model_name, max_seq_length=2048, dtype=None, load_in_4bit=True, **kwargs):
        return Model(model_name), Tokenizer()

    @staticmethod
    def get_peft_model(model, r=16, target_modules=(), lora_alpha=16, lora_dropout=0.0, bias="none", **kwargs):
        model.lora = SimpleNamespace(r=r, lora_alpha=lora_alpha, lora_dropout=lora_dropout)
        print("Unsloth 2025.6.12 patched 36 layers with 36 QKV layers, 36 O layers and 36 MLP layers.")
        return model
