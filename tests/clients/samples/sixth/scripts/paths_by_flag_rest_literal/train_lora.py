import argparse
from peftlike import LoraConfig, Trainer, TrainingArguments

# ===== command line =====
parser = argparse.ArgumentParser(description="LoRA")
parser.add_argument("--model_name", type=str, default="Qwen/Qwen3-8B",
                    help="name or path of the model")
parser.add_argument("--data_path", type=str, default="processed_data/train.jsonl")
parser.add_argument("--output_dir", type=str, default="output_lora")
args = parser.parse_args()

model_name = args.model_name
output_dir = args.output_dir

lora_config = LoraConfig(
    r=64,
    lora_alpha=16,
    lora_dropout=0.05,
    bias="none",
    task_type="CAUSAL_LM",
    target_modules=["q_proj", "k_proj", "v_proj", "o_proj",
                    "gate_proj", "up_proj", "down_proj"]
)

training_args = TrainingArguments(
    output_dir=output_dir,
    per_device_train_batch_size=1,
    num_train_epochs=2,
    logging_steps=10,
    learning_rate=1e-4,
    fp16=True,
    report_to="tensorboard",
)

trainer = Trainer(model=lora_config, args=training_args)
trainer.train()
print(f"LoRA done, saved in {output_dir}")
