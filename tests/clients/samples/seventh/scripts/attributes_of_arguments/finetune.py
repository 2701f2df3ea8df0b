# ==============================================================================
# Fine-tunes a model of code and evaluates it.
# ==============================================================================

import math
import os

from transformerslike import Trainer, TrainingArguments

device = "cpu"
print(f"✅ Using device: {device.upper()}")

codebert_save_path = "./codebert-finetuned"

print("\n--- Section 1: Initializing Models and Tokenizers ---")
code_model_checkpoint = "microsoft/codebert-base"
print("✅ Models and tokenizers loaded successfully.")

print("Initializing TrainingArguments...")
training_args = TrainingArguments(output_dir="./results")

training_args.learning_rate = 2e-5
training_args.num_train_epochs = 2
training_args.weight_decay = 0.01
training_args.per_device_train_batch_size = 16
training_args.logging_steps = 100

print("✅ TrainingArguments configured successfully.")

if os.path.exists(codebert_save_path):
    print(f"\n✅ Found existing model at '{codebert_save_path}'. Loading from disk...")
    trainer_code = Trainer(model=None, args=training_args)
else:
    print(f"\nNo pre-existing model found. 🚀 Starting Fine-Tuning for CodeBERT...")
    trainer_code = Trainer(model=None, args=training_args)
    trainer_code.train()
    print("✅ CodeBERT fine-tuning complete.")

print("\n--- Section 4: Evaluation and Comparison ---")
print("\n🔍 Evaluating CodeBERT...")
eval_results_code = trainer_code.evaluate()
perplexity_code = math.exp(eval_results_code['eval_loss'])
print(f"  -> CodeBERT - Evaluation Loss: {eval_results_code['eval_loss']:.4f}")
print(f"  -> CodeBERT - Perplexity: {perplexity_code:.2f}")

print("\n✅✅✅ Script finished successfully. ✅✅✅")
