python train.py --n_splits 5 --seed 12 --fold 0 --model_type "seresnext50" --loss "bce" --lr 4e-3 --num_epoch 8 --batch_size 32 --accumulation_steps 1 --early_stopping 3

python train.py --n_splits 5 --seed 12 --fold 1 --model_type "seresnext50" --loss "bce" --lr 4e-3 --num_epoch 8 --batch_size 32 --accumulation_steps 1 --early_stopping 3
