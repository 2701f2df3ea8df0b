import os
from pathlib import Path


class Config:
    """All settings of the project."""

    # paths
    BASE_DIR = Path(__file__).parent
    LOG_DIR = os.path.join("logs")
    MODEL_DIR = os.path.join("models")

    # environment
    NUM_PLAYERS = 4
    CARDS = ['3', '4', '5', '6', '7', '8', '9', 'T', 'J', 'Q', 'K', 'A', '2', 'X', 'D']

    # training
    NUM_EPISODES = 60
    BATCH_SIZE = 64
    LEARNING_RATE = 1e-4
    GAMMA = 0.99
    EPSILON_START = 1.0
    EPSILON_END = 0.05
    LOG_INTERVAL = 20
    USE_DOUBLE_DQN = True

    # network
    HIDDEN_DIM = 128
