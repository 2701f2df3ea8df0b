class BasicDataset:
    def __init__(self, images_dir, mask_dir, scale=1.0):
        assert 0 < scale <= 1, 'Scale must be between 0 and 1'
        self.scale = scale
        self.ids = [f'{i:03d}' for i in range(120)]

    def __len__(self):
        return len(self.ids)
