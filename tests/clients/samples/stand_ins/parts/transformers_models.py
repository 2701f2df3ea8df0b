"""Models and tokenizers that only know their names."""


class Model:
    def __init__(self, name, **kwargs):
        self.name, self.lora, self.num = name, None, 124_439_808

    @classmethod
    def from_pretrained(cls, name, **kwargs):
        return cls(name)

    def num_parameters(self):
        return self.num

    def print_trainable_parameters(self):
        n = 8192 * (self.lora.r if self.lora else 0)
        print(f"trainable params: {n:,} || all params: {self.num + n:,} || trainable%: {100 * n / (self.num + n):.4f}")

    def resize_token_embeddings(self, n):
        pass

    def save_pretrained(self, folder, **kwargs):
        import os
        os.makedirs(folder, exist_ok=True)
        open(os.path.join(folder, "config.json"), "w").write("{}")


class Tokenizer:
    pad_token, eos_token, pad_token_id, eos_token_id, chat_template = None, "</s>", 0, 2, None

    @classmethod
    def from_pretrained(cls, name, **kwargs):
        return cls()

    def __len__(self):
        return 32000

    def __call__(self, text, **kwargs):
        return {"input_ids": [len(w) for w in str(text).split()]}

    def apply_chat_template(self, messages, **kwargs):
        return "\n".join(f"<|{m['role']}|>\n{m['content']}" for m in messages)

    def save_pretrained(self, folder, **kwargs):
        pass
