class Seq2SeqLSTM:
    def __init__(self, input_size, hidden_size, output_size, seq_len, split_size):
        self.hidden_size = hidden_size
