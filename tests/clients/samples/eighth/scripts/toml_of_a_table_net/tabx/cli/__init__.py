from . import train, version
from .app import app
