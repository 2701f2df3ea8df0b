# -*- coding: utf-8 -*-

base_config = {
    'run_type': 'train',
    # 'reload_path':'./models/cross_6_04-01_07:22:49',
    'test_data' : 'gaokao_v2_analysis.json',

    'path_to_save_model': './models',
    "bert_path": "pretrains/chinese-roberta-wwm-ext",
    'data_home': 'datasets/ChID/',
    'ent2id': 'ent2id.json',
    'max_seq_len': 300,
    'batch_size': 8,
    'epochs': 3,
    'lr': 3e-5,
    'define_encoder_max_layer': 6,
    'define_mix_mode': 'all',          # last, all, cross
    'max_train_size': 500000,             # 60000

    'scheduler': 'Step',                # CAWR, CosW, Step
    'T_mult': 1,
    'log_interval': 2,
    "decay_rate": 0.99,
    "decay_steps": 100,
    'use_half': True,
    'use_cache':True,
    'strict': True,
}


# financial_config = {
#     'run_type': 'train',
#     'batch_size': 32,
#     'epochs': 10,
#     'lr': 3e-5,
#     'define_encoder_max_layer': 12,
#     'scheduler': 'CosW',                # CAWR, CosW, Step
# }


config = base_config
