"""One number from many pairs and seeds, of which some may be missing: every pair weighs the same.

Places are (pair, seed). A pair with more seeds than others counts once, and a ratio is over the places that both have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from facepatch.evaluation.page import with_spread

Values = Mapping[tuple[str, int], float]
"""Of each pair and seed."""
Unit = Literal["fraction_of_mean_expression", "mean_mm", "mean_percent_iod"]
"""A field of `metrics.vertex_error.RegionError`."""


def values_of(
    results: Iterable[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], float | None]
) -> Values:
    """What `read` finds in each result of a pair, where it finds something."""
    found = {(str(one["pair"]), int(one["seed"])): read(one) for one in results}
    return {place: value for place, value in found.items() if value is not None}


def error_of(
    row: str, *, region: str = "all", unit: Unit = "fraction_of_mean_expression"
) -> Callable[[Mapping[str, Any]], float | None]:
    """Reads one error from a result of a pair. row: a column or a bound (`pairs.judge`). None of a result that does not
    have it, as those from before the bound `neutral`."""
    return lambda result: result["rows"].get(row, {}).get(region, {}).get(unit)


def pair_mean(values: Values) -> float | None:
    """Mean over the pairs of the mean over their seeds; None where there is nothing."""
    pairs = _by(values, 0)
    return _mean([_mean(found) for found in pairs.values()]) if pairs else None


def seed_spread(values: Values) -> float | None:
    """Half the range of the means of those seeds that every pair has; None where those are fewer than two."""
    count = len(_by(values, 0))
    whole = [_mean(found) for found in _by(values, 1).values() if len(found) == count]
    return (max(whole) - min(whole)) / 2 if len(whole) > 1 else None


def pair_ratio(chosen: Values, reference: Values) -> float | None:
    """`pair_mean` of `chosen` over that of `reference`, over the places that both have."""
    common = [place for place in chosen if place in reference]
    first, second = (pair_mean({place: side[place] for place in common}) for side in (chosen, reference))
    return first / second if first is not None and second else None


def mean_text(values: Values, form: str = ".3f", *, nothing: str = "–") -> str:
    """`pair_mean`, plus or minus `seed_spread` where there is one."""
    mean = pair_mean(values)
    return nothing if mean is None else with_spread(mean, seed_spread(values), form)


def error_text(
    results: Iterable[Mapping[str, Any]],
    row: str,
    *,
    region: str = "all",
    unit: Unit = "fraction_of_mean_expression",
    nothing: str = "–",
) -> str:
    """`mean_text` of an error (`error_of`)."""
    return mean_text(values_of(results, error_of(row, region=region, unit=unit)), nothing=nothing)


def _by(values: Values, index: int) -> dict[str | int, list[float]]:
    groups: dict[str | int, list[float]] = {}
    for place, value in values.items():
        groups.setdefault(place[index], []).append(value)
    return groups


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
