from torch.utils.data import Dataset


class train_loader(Dataset):
    def __init__(self, train_list, train_path, num_frames, **kwargs):
        with open(train_list) as f:
            self.lines = f.read().splitlines()
        self.num_frames = num_frames

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, i):
        speaker, _ = self.lines[i].split()
        return [0.0], int(speaker[2:])
