"""Instructions and answers, which are numbers here."""


class CodeAlpacaDataset:
    def __init__(self, dataset_path):
        self.dataset_path = dataset_path

    def get_train_dataset(self):
        return [{"text": number} for number in range(64)]

    def get_test_dataset(self):
        return [{"text": number} for number in range(8)]


def preprocess_function(example, max_length=512, max_target_length=256):
    return {"input_ids": [example["text"] % max_length] * 4, "labels": [example["text"] % max_target_length] * 4}
