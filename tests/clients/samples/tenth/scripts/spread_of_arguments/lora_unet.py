import json
import os


class LoraUnet:
    def __init__(self, r, alpha):
        self.r, self.alpha = r, alpha

    def save_pretrained(self, path):
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "adapter_config.json"), "w") as f:
            json.dump({"r": self.r, "lora_alpha": self.alpha}, f)


def apply_lora_to_unet(r, alpha):
    return LoraUnet(r, alpha)
