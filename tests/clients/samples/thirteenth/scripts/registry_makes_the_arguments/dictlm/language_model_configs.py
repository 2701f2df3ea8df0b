from dictlm.config_registry import ConfigRegistry

lm_config_registry = ConfigRegistry()
lm_config_registry.set_root_config({
    # data
    'data_path': "",
    'dict_path': "",
    'layout': 'standard',
    'top_k_words': 10000,
    'max_length': 100,
    'batch_size': 32,
    'batch_size_valid': 32,

    # model
    'dim': 128,
    'standalone_def_rnn': True,
    'learning_rate': 0.001,
    'momentum': 0.9,
    'grad_clip_threshold': 5.0,
    'drop_rate': 0.0,

    # monitoring and checkpointing
    'mon_freq_train': 10,
    'mon_freq_valid': 100,
    'save_freq_batches': 200,
    'n_batches': 500,
})

c = lm_config_registry['root']
c['data_path'] = '/data/lambada'
c['layout'] = 'lambada'
# long sentences in validation and test
c['batch_size_valid'] = 16
c['top_k_words'] = 60000
c['dim'] = 512
c['drop_rate'] = 0.1
lm_config_registry['lambada'] = c

c = lm_config_registry['root']
c['data_path'] = '/data/onebillion'
c['batch_size'] = 64
c['dim'] = 1024
lm_config_registry['onebillion'] = c
