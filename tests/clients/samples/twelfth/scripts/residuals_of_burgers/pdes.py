import numpy as np


def burgers_pde_residual(x, t, u, nu):
    """u_t + u*u_x - nu*u_xx on a grid, by differences"""
    u_t = np.gradient(u, t, axis=1)
    u_x = np.gradient(u, x, axis=0)
    u_xx = np.gradient(u_x, x, axis=0)
    return u_t + u * u_x - nu * u_xx


def exact(x, t, nu=0.1):
    return -np.sin(np.pi * x)[:, None] * np.exp(-nu * np.pi ** 2 * t)[None, :]
