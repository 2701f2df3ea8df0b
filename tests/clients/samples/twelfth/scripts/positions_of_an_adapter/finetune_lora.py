"""LoRA fine-tuning of a small causal language model on notes."""

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments


def load_notes(name: str) -> list[dict[str, str]]:
    """Make the examples of a data set: short lines of text."""
    return [{"text": f"{name}: note number {i}"} for i in range(80)]


def finetune(
    model_name: str,
    dataset_name: str,
    output_dir: str,
    *,
    lora_r: int = 8,
    lora_alpha: int = 16,
    lora_dropout: float = 0.1,
    num_train_epochs: int = 1,
    learning_rate: float = 2e-4,
    batch_size: int = 1,
) -> None:
    """Fine-tune a model with LoRA and save the adapter.

    Parameters
    ----------
    model_name : str
        Identifier of the base model.
    dataset_name : str
        Identifier of the data set.
    output_dir : str
        Folder of the adapter and the tokenizer.
    lora_r : int, optional
        Rank of the update matrices.
    lora_alpha : int, optional
        Scale of the update.
    lora_dropout : float, optional
        Dropout in the adapter layers.
    num_train_epochs : int, optional
        Passes over the data.
    learning_rate : float, optional
        Learning rate of the optimizer.
    batch_size : int, optional
        Examples per step and device.
    """
    model = AutoModelForCausalLM.from_pretrained(model_name)
    tokenizer = AutoTokenizer.from_pretrained(model_name)
    dataset = load_notes(dataset_name)

    lora_config = LoraConfig(r=lora_r, lora_alpha=lora_alpha, lora_dropout=lora_dropout)
    model = get_peft_model(model, lora_config)
    model.enable_input_require_grads()

    training_args = TrainingArguments(
        output_dir=output_dir,
        num_train_epochs=num_train_epochs,
        learning_rate=learning_rate,
        per_device_train_batch_size=batch_size,
        logging_steps=10,
        save_steps=50,
    )

    def collate(examples):
        texts = [example["text"] for example in examples]
        return tokenizer(texts, padding=True, return_tensors="pt")

    trainer = Trainer(
        model=model,
        args=training_args,
        train_dataset=dataset,
        data_collator=collate,
    )
    trainer.train()

    model.save_pretrained(output_dir)
    tokenizer.save_pretrained(output_dir)


if __name__ == "__main__":
    import argparse

    parser = argparse.ArgumentParser(description="LoRA fine-tuning")
    parser.add_argument("model_name", nargs="?", default="tiny-causal")
    parser.add_argument("dataset_name", nargs="?", default="notes")
    parser.add_argument("output_dir", nargs="?", default="adapter")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--lora-r", type=int, default=8)
    parser.add_argument("--lora-alpha", type=int, default=16)
    parser.add_argument("--lora-dropout", type=float, default=0.1)

    args = parser.parse_args()

    options = vars(args)
    options["num_train_epochs"] = options.pop("epochs")
    finetune(**options)
