"""Fault injection: the simulator, extended by everything that can go wrong with the API.

faults     the list of faults, and when each one happens
broken     faults in the JSON of an answer
paging     other ways to continue a walk, and faults of tokens
encoding   other ways to write numbers, times and empty lists
replies    faults of the connection and of the bytes
apps       an app whose faults can be switched on
server     a server whose connections and port fail as faults demand
"""

from tests.faults.apps import FaultyApp, with_faults
from tests.faults.faults import FAULTS, Fault, Faults, Parameter
from tests.faults.server import FaultyServer

__all__ = ["FAULTS", "Fault", "Faults", "FaultyApp", "FaultyServer", "Parameter", "with_faults"]
