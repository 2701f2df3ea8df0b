batch_size = 8
lr = 4e-4
max_iters = 4
n_embd = 128
compile_model = False
