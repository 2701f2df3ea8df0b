from trainer import Trainer
from trainer.criterion import sparse_categorical_crossentropy
from config import *
from distribute.utils import setup_strategy

strategy, num_replica = setup_strategy()

batch_size = (BS // num_replica) * num_replica

config = dict(vocab_size=32000, n_embd=768, n_layer=12, n_head=12)
model = ('gpt2', config)
optimizer = dict(name='adam', learning_rate=LR)
criterion = sparse_categorical_crossentropy

dset = [(batch_size, MAX_SEQ_LEN)] * 12

skip_point = 4
train_set, val_set = dset[skip_point:], dset[:skip_point]
print('splitting train/val set..')

trainer = Trainer(model, optimizer, criterion, train_set, val_set)
trainer.train(EPOCHS)
