"""A clip on its character -> a file that other programs open. One format per file."""

from facepatch.export.csv_file import write_csv
from facepatch.export.maya_ascii import write_maya_ascii
from facepatch.export.usd import write_usd

__all__ = ["write_csv", "write_maya_ascii", "write_usd"]
