from config import Config
from utils import logger


class Trainer:
    def __init__(self):
        self.epsilon = Config.EPSILON_START
        logger.info(f"Device: cpu | players: {Config.NUM_PLAYERS}")

    def play(self, episode):
        reward = 1 - abs(Config.LEARNING_RATE * 1000 - 1) / 4 - 4 / Config.BATCH_SIZE - 8 / Config.HIDDEN_DIM
        reward -= (1 - Config.GAMMA) + 0.1 * (not Config.USE_DOUBLE_DQN)
        return reward, 1 - reward

    def run_training(self):
        for episode in range(1, Config.NUM_EPISODES + 1):
            reward, loss = self.play(episode)
            self.epsilon = max(Config.EPSILON_END, self.epsilon * 0.98)
            if episode % Config.LOG_INTERVAL == 0 or episode == Config.NUM_EPISODES:
                logger.info(
                    f"Episode {episode}/{Config.NUM_EPISODES} | Avg Reward: {reward:.4f} | "
                    f"Win Rate: {50 + 20 * reward:.2f}% | Loss: {loss:.4f} | Epsilon: {self.epsilon:.3f}"
                )
        logger.info("Training finished")
