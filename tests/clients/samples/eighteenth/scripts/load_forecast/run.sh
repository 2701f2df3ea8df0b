#!/bin/bash
# forecasts of 24 hours from 96
python -u run.py \
  --model_id ETTh1_96_24 \
  --data ETTh1
