python train.py data-bin/toy.de-en \
    --arch transformer_tiny --criterion label_smoothed_cross_entropy \
    --optimizer adam --lr 5e-4 --warmup-updates 200 --max-epoch 6 \
    --dropout 0.3 --weight-decay 0.0001 --label-smoothing 0.1 \
    --max-tokens 4096 --save-dir checkpoints/toy
