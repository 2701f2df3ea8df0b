"""A small stand-in for unsloth."""
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer

print("🦥 Unsloth: Will patch your computer to enable 2x faster free finetuning.")


class FastLanguageModel:
    @staticmethod
    def from_pretrained(model_name, max_seq_length=2048, load_in_4bit=True, **kwargs):
        print(f"==((====))==  Unsloth 2025.6.1: Fast Qwen3 patching. Transformers: 4.52.4. Max length: {max_seq_length}.")
        print("   \\\\   /|    Tesla T4. Num GPUs = 1. Max memory: 14.741 GB. Platform: Linux.")
        print("O^O/ \\_/ \\    Torch: 2.6.0+cu124. CUDA: 7.5. CUDA Toolkit: 12.4. Triton: 3.2.0")
        model = AutoModelForCausalLM.from_pretrained(model_name)
        model.max_seq_length = max_seq_length
        return model, AutoTokenizer.from_pretrained(model_name)

    @staticmethod
    def get_peft_model(model, r=16, lora_alpha=16, lora_dropout=0, bias="none", target_modules=None, **kwargs):
        model.peft = LoraConfig(r=r, lora_alpha=lora_alpha, lora_dropout=lora_dropout, bias=bias)
        print("Unsloth 2025.6.1 patched 28 layers with 28 QKV layers, 28 O layers and 28 MLP layers.")
        return model


def is_bfloat16_supported():
    return False
