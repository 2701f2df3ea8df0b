# train_lora.py

from peftlike import LoraConfig, Trainer, TrainingArguments

BASE_MODEL = "google/flan-t5-base"
OUTPUT_DIR = "minitune-lora-model"

print("Loading tokenizer and base model...")

print("Applying LoRA...")
lora_config = LoraConfig(
    r=8,
    lora_alpha=16,
    target_modules=["q", "v"],
    lora_dropout=0.1,
    bias="none",
    task_type="SEQ_2_SEQ_LM"
)

training_args = TrainingArguments(
    output_dir=OUTPUT_DIR,
    per_device_train_batch_size=4,
    num_train_epochs=3,
    learning_rate=5e-5,
    logging_steps=10,
    save_strategy="epoch",
    report_to="none"
)

trainer = Trainer(
    model=lora_config,
    args=training_args,
    train_dataset=[],
)

print("Training...")
trainer.train()

print("Saving LoRA model...")
print("Training complete.")
