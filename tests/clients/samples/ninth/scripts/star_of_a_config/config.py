

''' model '''
MAX_SEQ_LEN = 256
GPT_CONFIG = {
    'vocab_size': 32000,
    'n_embd': 768,
    'n_layer': 12,
    'n_head': 12,
}
BERT_SMALL_CONFIG = {
    'vocab_size': 32000,
    'hidden_size': 512,
}

''' train'''

IS_LOAD = False
LOAD_PATH = 'ckpts/gpt_best.h5'
BS = 64
EPOCHS = 4
LR = 1e-4

''' deploy '''
TKNZR_PATH = 'tknzrs/daily_tknzr'
DEPLOY_PATH = 'ckpts/for_serve'
