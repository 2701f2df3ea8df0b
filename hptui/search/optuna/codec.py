"""Parameters in Optuna's representation, and a context that silences Optuna.

Numbers to choose from are given to Optuna as their index in order, so that it knows that 16 lies between 8 and 32.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from hptui.core.space import Choice, Float, Int, Parameter
from hptui.core.trial import Value
from hptui.core.unit_cube import index_of, is_discrete, value_at_index
from hptui.search.projection import Point, SpaceProjection


class ParameterCodec:
    """Encodes one parameter for Optuna: a range is a range, a choice and a stepped range are indices."""

    def __init__(self, parameter: Parameter) -> None:
        self.parameter, self.distribution = parameter, _distribution(parameter)

    def encode(self, value: Value) -> Value:
        """Return Optuna's representation of `value`, which the parameter must contain."""
        return index_of(self.parameter, value) if is_discrete(self.parameter) else value

    def decode(self, encoded: float) -> Value:
        """Return the value for Optuna's representation."""
        match self.parameter:
            case Float(step=None) as range_:
                return range_.clamp(float(encoded))
            case Int(step=None):
                return int(encoded)
            case parameter:
                return value_at_index(parameter, int(encoded))


class SpaceCodec:
    """Encodes points of a whole space for Optuna."""

    def __init__(self, projection: SpaceProjection) -> None:
        self.codecs = {name: ParameterCodec(parameter) for name, parameter in projection.parameters.items()}
        self.distributions = {name: codec.distribution for name, codec in self.codecs.items()}

    def encode(self, point: Mapping[str, Value]) -> dict[str, Value]:
        """Return the parameters of an Optuna trial at this point."""
        return {name: self.codecs[name].encode(value) for name, value in point.items()}

    def decode(self, params: Mapping[str, float]) -> Point:
        """Return the point for the parameters of an Optuna trial."""
        return {name: codec.decode(params[name]) for name, codec in self.codecs.items()}

    def distributions_of(self, point: Mapping[str, Value]) -> dict[str, BaseDistribution]:
        """Return the distributions of the parameters that the point names."""
        return {name: self.distributions[name] for name in point}


def _distribution(parameter: Parameter) -> BaseDistribution:
    match parameter:
        case Choice(ordinal=False):
            return CategoricalDistribution(range(parameter.size))
        case Choice() | Float(step=float()) | Int(step=int()):
            return IntDistribution(0, (parameter.size or 1) - 1)
        case Float():
            return FloatDistribution(parameter.low, parameter.high, log=parameter.log)
        case Int():
            return IntDistribution(parameter.low, parameter.high, log=parameter.log)


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Silence Optuna's log, and the warnings that it and its libraries raise internally."""
    logger = logging.getLogger("optuna")
    level_ = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level_)


def engine_name(sampler: str) -> str:
    """Return the name of an engine, with Optuna's version: `optuna 5.0.0 tpe`."""
    return f"optuna {optuna.__version__} {sampler}"
