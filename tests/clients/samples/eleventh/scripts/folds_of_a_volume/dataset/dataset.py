def get_T1_dataset(data_path, case_indexes, batch_size):
    return [(case, batch_size) for case in case_indexes]
