#!/bin/bash
# MRPC with hierarchical tuning, one group of layers after the other
export CUDA_VISIBLE_DEVICES=0

num=1
task=mrpc
output_dir=outputs/$task

python run_glue.py \
    --model_name_or_path roberta-base \
    --task_name $task \
    --do_train \
    --do_eval \
    --hier_tuning \
    --group_element $num \
    --optimizer_strategy down2up \
    --eval_strategy epoch \
    --max_seq_length 128 \
    --per_device_train_batch_size 32 \
    --per_device_eval_batch_size 64 \
    --learning_rate 2e-5 \
    --weight_decay 0.01 \
    --warmup_ratio 0.1 \
    --num_train_epochs 3 \
    --logging_steps 50 \
    --overwrite_output_dir \
    --output_dir $output_dir
