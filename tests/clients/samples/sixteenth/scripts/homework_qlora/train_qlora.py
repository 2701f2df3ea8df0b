import argparse, os
from lora_helper import create_peft_model
from utils import add_prompt, get_prompt, load_json
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, Trainer, TrainingArguments

parser = argparse.ArgumentParser()

parser.add_argument('--model_name_or_path', type=str, default="./Taiwan-LLM-7B-toy")
parser.add_argument('--lora_r', type=int, default=32)
parser.add_argument('--lora_alpha', type=int, default=16)
parser.add_argument('--lora_dropout', type=float, default=0.05)
parser.add_argument('--train_file', type=str, default="./data/train.json")
parser.add_argument('--validation_file', type=str, default="./data/public_test.json")
parser.add_argument('--lora_output_dir', type=str, default="./qlora-out")
parser.add_argument('--num_train_epochs', type=int, default=4)
parser.add_argument('--gradient_accumulation_steps', type=int, default=4)
parser.add_argument('--per_device_train_batch_size', type=int, default=2)
parser.add_argument('--learning_rate', type=float, default=2e-4)

args = parser.parse_args()

# create a directory
if not os.path.exists(args.lora_output_dir):
    os.makedirs(args.lora_output_dir)

# record the arguments into a txt file
with open(f"{args.lora_output_dir}/args.txt", "w") as f:
    for key, value in vars(args).items():
        f.write(f"{key}: {value}\n")
    f.write(f"prompt: {get_prompt('{instruction}')}\n")

# load base model
bnb_config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_use_double_quant=True, bnb_4bit_quant_type="nf4")
base_model = AutoModelForCausalLM.from_pretrained(args.model_name_or_path, quantization_config=bnb_config)
tokenizer = AutoTokenizer.from_pretrained(args.model_name_or_path)

peft_model = create_peft_model(
    base_model,
    lora_r=args.lora_r,
    lora_alpha=args.lora_alpha,
    lora_dropout=args.lora_dropout,
)

train_dataset = [add_prompt(x) for x in load_json(args.train_file)]
valid_dataset = [add_prompt(x) for x in load_json(args.validation_file)]
print(f"train: {len(train_dataset)}, valid: {len(valid_dataset)}")

# define training args
output_dir = args.lora_output_dir
training_args = TrainingArguments(
    output_dir=output_dir,
    per_device_train_batch_size=args.per_device_train_batch_size,
    learning_rate=args.learning_rate,
    num_train_epochs=args.num_train_epochs,
    gradient_accumulation_steps=args.gradient_accumulation_steps,
    lr_scheduler_type="cosine",
    optim="paged_adamw_8bit",
    logging_dir=f"{output_dir}/logs",
    logging_strategy="steps",
    logging_steps=2,
    eval_strategy="epoch",
    save_strategy="epoch",
    remove_unused_columns=False,
)

trainer = Trainer(
    model=peft_model,
    args=training_args,
    train_dataset=train_dataset,
    eval_dataset=valid_dataset,
)

trainer.train()

# save model
trainer.save_model(output_dir)
