"""Helpers of the training script"""
from .misc import AverageMeter, mkdir_p
from .logger import Logger
