# What Maya takes is checked by tests/standin/fakemaya, at run time and for every call as it is written.
from typing import Any

def __getattr__(name: str) -> Any: ...
