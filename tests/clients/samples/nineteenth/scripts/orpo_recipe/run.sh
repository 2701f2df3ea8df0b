#!/bin/bash
# One GPU; see recipes/ for other models.
python run_orpo.py recipes/zephyr-orpo/config.yaml
