from dataclasses import dataclass


@dataclass
class train_config:
    model_name: str = "meta-llama/Llama-2-7b-hf"
    dataset: str = "samsum_dataset"
    run_validation: bool = True
    batch_size_training: int = 4
    val_batch_size: int = 1
    context_length: int = 4096
    gradient_accumulation_steps: int = 1
    num_epochs: int = 3
    num_workers_dataloader: int = 1
    lr: float = 1e-4
    weight_decay: float = 0.0
    gamma: float = 0.85
    seed: int = 42
    use_fp16: bool = False
    use_peft: bool = True
    peft_method: str = "lora"
    output_dir: str = "out/peft"
    save_model: bool = True
    one_gpu: bool = True
