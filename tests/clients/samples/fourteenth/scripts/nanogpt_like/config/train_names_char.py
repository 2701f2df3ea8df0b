# train a miniature character-level model of names
out_dir = 'out-names-char'
eval_interval = 100
eval_iters = 20
log_interval = 25

dataset = 'names_char'
batch_size = 32
block_size = 64

# baby GPT
n_layer = 3
n_head = 4
n_embd = 96
dropout = 0.1

learning_rate = 1e-3
max_iters = 400
lr_decay_iters = 400
