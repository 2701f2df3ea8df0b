class DQN:
    def __init__(self, state_size, action_size):
        self.state_size, self.action_size = state_size, action_size
        self.updates = 0
