#!/usr/bin/env bash
set -euo pipefail

LR="${LR:-0.001}"
WIDTH=${WIDTH:-32}
MODEL=${MODEL:-small}
OUT=${OUT:-out}

mkdir -p "$OUT"
python -u train.py \
  --lr "$LR" \
  --width "$WIDTH" \
  --model "$MODEL" "$@"
