from dataclasses import dataclass, asdict


@dataclass
class TrainingConfig:
    # Transformer
    n_layers: int
    n_heads: int
    embedding_dim: int
    dropout_rate: float
    use_bias: bool
    block_size: int
    vocab_size: int
    model_name: str
    hf_model: str
    grad_clip: float = 1.0
    exp_name: str = ""
    batch_size: int = 1
    lr: float = 0.0001
    lora_rank: int = 0
    pretrain: str = "huggingface"
    finetune_method: str = ""
    total_epochs: int = 3
    # SFT specific
    max_steps: int = 20000
    eval_set_size: int = 400
    # eval_set_size: int = 2000
    max_cumulate_iter: int = 1024
    eval_interval:int = 0
    # PPO specific
    actor_lr: float = 5e-6
    critic_lr: float = 9e-6
    kl_beta: float = 0.02

    def dict(self):
        return {k: str(v) for k, v in asdict(self).items()}


def get_configs(name) -> TrainingConfig:
    if name == "gpt2-medium":
        return TrainingConfig(
            n_layers=24,
            n_heads=16,
            embedding_dim=1024,
            dropout_rate=0,
            use_bias=True,
            block_size=1024,
            vocab_size=50257,
            model_name="gpt2-medium",
            hf_model="gpt2-medium",
            max_cumulate_iter=1024,
        )
    elif name == "gpt2-medium/lora":
        return TrainingConfig(
            n_layers=24,
            n_heads=16,
            embedding_dim=1024,
            dropout_rate=0,
            use_bias=True,
            block_size=1024,
            vocab_size=50257,
            lora_rank=1,
            model_name="gpt2-medium/lora",
            hf_model="gpt2-medium",
            finetune_method="lora",
        )
    elif name == "gpt2":
        return TrainingConfig(
            n_layers=12,
            n_heads=12,
            embedding_dim=768,
            dropout_rate=0.2,
            use_bias=True,
            block_size=1024,
            vocab_size=50257,
            model_name="gpt2",
            hf_model="gpt2",
            max_cumulate_iter=1024,
        )
