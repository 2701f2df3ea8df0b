python train.py \
--n-epochs 15 \
--lr 0.001 \
--iters-per-epoch 16 \
--output-folder results \
--dataset TOXIC \
--batch-size 128 \
--fold-idx 0 \
--output-file toxic
