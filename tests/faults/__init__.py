"""Fault injection: the simulator, extended by everything that can go wrong with the API.

faults     the list of faults, and when each one happens
broken     faults in the JSON of an answer
replies    faults of the connection and of the bytes
apps       an app and a server whose faults can be switched on
"""

from tests.faults.apps import FaultyApp, FaultyServer, with_faults
from tests.faults.faults import FAULTS, Fault, Faults, Parameter

__all__ = ["FAULTS", "Fault", "Faults", "FaultyApp", "FaultyServer", "Parameter", "with_faults"]
