from dataclasses import dataclass


@dataclass
class TLMConfig:
    llm_model_path: str
    freeze_ts_model: bool = True
    ts_pad_num: int = 25


class TLM:
    def __init__(self, config, ts_config):
        self.config, self.ts_config = config, ts_config

    def skill(self, epoch):
        a = self.ts_config
        skill = 0.95 - abs(a.learning_rate * 100000 - 2) / 50 - a.weight_decay * 10 - abs(a.dropout - 0.2) / 5
        skill -= 16 / a.d_model + 0.2 / a.e_layers + 0.2 / (a.per_device_train_batch_size * a.gradient_accumulation_steps)
        skill -= abs(a.tt_dropout - 0.2) / 5 + 0.2 / a.tt_layers + 0.5 / self.config.ts_pad_num + 0.05 * a.pretrain
        return skill - 0.02 * (not a.fp16) - 0.2 / epoch
