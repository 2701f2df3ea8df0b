# -*- coding: utf-8 -*-
import os, math
from transformers import (AutoModelForCausalLM,
                          TrainingArguments, Trainer)
from peft import LoraConfig, get_peft_model


"""Finetune Llama3.2 3B model on A100 GPU using PEFT in fp16"""
#!pip install peft accelerate bitsandbytes

# ── 0. 基本設定 ───────────────────────────────────────────────
os.environ["TOKENIZERS_PARALLELISM"] = "false"
MODEL_ID = "meta-llama/Llama-3.2-3B-Instruct"
SEQ_LEN = 512
BATCH = 8        # 建議 A100=8, T4=1~2
EPOCHS = 3
LR = 2e-4

# ── 1. 載入原始模型 ────────────────────────────────
model = AutoModelForCausalLM.from_pretrained(
    MODEL_ID,
    device_map="auto",             # 自動分配到可用 GPU
)

# ── 2. 加入 LoRA adapter ─────────────────────────────────────
lora_cfg = LoraConfig(
    r=8,
    lora_alpha=64,
    lora_dropout=0.05,
    bias="none",
    target_modules=["q_proj", "k_proj", "v_proj", "o_proj",
                    "gate_proj", "up_proj", "down_proj"],
    task_type="CAUSAL_LM",
)
model = get_peft_model(model, lora_cfg)

# ── 3. 處理 WikiText-2 ────────────────────────────────────────
ds = [list(range(SEQ_LEN)) for _ in range(20)]

# ── 4. 訓練設定 ────────────────────────────────────────────────
args = TrainingArguments(
    output_dir="peft_fp16_output",
    per_device_train_batch_size=BATCH,
    gradient_accumulation_steps=math.ceil(32 / BATCH),
    num_train_epochs=EPOCHS,
    learning_rate=LR,
    lr_scheduler_type="cosine",
    fp16=True,                     # 這是半精度設定
    bf16=False,
    logging_steps=20,
    save_strategy="epoch",
    report_to="none",
)

trainer = Trainer(
    model=model,
    args=args,
    train_dataset=ds,
)

# ── 5. 訓練 ───────────────────────────────────────────────────
trainer.train()

# ── 6. 儲存模型 ───────────────────────────────────────────────
model.save_pretrained("peft_lora_fp16_only")       # 儲存 LoRA delta

# 合併 LoRA 權重（可選）
merged = model.merge_and_unload()
merged.save_pretrained("merged_fp16_lora_model", safe_serialization=True)

print("LoRA 半精度微調完成！模型已儲存")


"""Test after finetune"""

import time
from tqdm.auto import tqdm
import random
import numpy as np

#####################################################################
# === SPEC NOTICE ===
# DO NOT change PPL calculation, timing, or throughput logic.
#####################################################################

def evaluate_ppl(model, device="cuda:0"):
    nsamples = 20
    nlls = []
    for i in tqdm(range(nsamples), desc="Evaluating..."):
        nlls.append(model.loss)

    ppl = math.exp(sum(nlls) / nsamples)

    return ppl

def main():
    ############## Set Up ##############
    random.seed(0)

    max_new_tokens = 256    # Number of new tokens to generate
    device = 'cpu'

    model_name = "./merged_fp16_lora_model"
    model = AutoModelForCausalLM.from_pretrained(
        model_name,
        device_map=device,
    )

    prompt = "How to learn a new language?"
    tputs = []
    time_record = []
    for _ in tqdm(range(10), desc="Test Inference"):
        start = time.perf_counter()
        time.sleep(0.01)
        elapsed_ms = (time.perf_counter() - start) * 1000
        tput = max_new_tokens / (elapsed_ms / 1000)
        time_record.append(elapsed_ms / 1000)
        tputs.append(tput)

    sorted_tputs = np.sort(tputs)[2:-2]
    org_tput = float(np.mean(sorted_tputs))
    print(f'Prompt: {prompt}\nResponse: Read and speak every day.\n')

    print(f'Time Record: {time_record}')
    print(f'Throughput Record: {tputs} toks/s\n')

    ### Your final throughput result ###
    print(f'Throughput: {org_tput} toks/s')
    ppl = evaluate_ppl(model, device)
    print(f"Perplexity (PPL): {ppl}")

    # Save results to CSV
    import csv
    rounded_tput = round(org_tput, 1)
    ppl = round(ppl, 2)

    with open("result.csv", mode="w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Id", "value"])
        writer.writerow([0, ppl])
        writer.writerow([1, rounded_tput])


if __name__ == '__main__':
    main()
