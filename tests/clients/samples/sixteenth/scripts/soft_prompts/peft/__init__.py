"""A small stand-in for the parts of peft that this script uses."""


class _Config:
    kind = ""

    def __init__(self, task_type=None, num_virtual_tokens=None, encoder_hidden_size=0):
        self.num_virtual_tokens, self.encoder_hidden_size = num_virtual_tokens, encoder_hidden_size


class PromptEncoderConfig(_Config):
    kind = "p_tuning"


class PrefixTuningConfig(_Config):
    kind = "prefix_tuning"


class PromptTuningConfig(_Config):
    kind = "prompt_tuning"


def get_peft_model(model, config):
    model.peft = config
    return model
