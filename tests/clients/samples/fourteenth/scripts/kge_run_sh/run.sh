#!/bin/bash

# run.sh

mkdir -p results

# --
# toy15k

python main.py \
    --dataset data/toy15k \
    --lr 0.003 \
    --lr-decay 0.99 \
    --sub-drop 0.2 \
    --hidden-drop 0.3 | tee results/toy15k.jl

# --
# toy18RR

python main.py \
    --dataset data/toy18RR \
    --rel-emb-dim 30 \
    --lr 0.01 | tee results/toy18RR.jl
