class Config:
    total_episode = 6
    batch_size = 32
    show_loss_frequency = 2
