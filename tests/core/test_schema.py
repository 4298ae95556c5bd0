"""core.schema: dict <-> frozen dataclass."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Any, Literal, Optional

import pytest

from facepatch.core.errors import ConfigError
from facepatch.core.schema import from_dict, merged, to_dict


@dataclass(frozen=True)
class Inner:
    size: int = 128
    rate: float = 1e-4


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner = field(default_factory=Inner)
    mode: Literal["fast", "exact"] = "fast"
    limit: Optional[float] = None  # noqa: UP045  as core itself writes it, for Python 3.9
    regions: tuple[str, ...] = ("mouth",)
    pair: tuple[int, float] = (1, 2.0)
    weights: dict[str, float] = field(default_factory=dict)
    on: bool = True


@dataclass(frozen=True)
class Modern:
    inner: Inner | None = None


FULL = Outer("a", Inner(64, 0.5), "exact", 2.5, ("eyes", "mouth"), (3, 4.5), {"eyes": 0.5}, on=False)


def test_settings_survive_json() -> None:
    assert from_dict(Outer, json.loads(json.dumps(to_dict(FULL)))) == FULL


def test_missing_keys_take_their_defaults() -> None:
    assert from_dict(Outer, {"name": "a"}) == Outer("a")


def test_whole_numbers_are_fine_where_a_number_is_wanted() -> None:
    built = from_dict(Outer, {"name": "a", "inner": {"rate": 1}, "limit": 3})
    assert isinstance(built.inner.rate, float)
    assert built.limit == 3.0


def test_none_is_fine_where_it_is_allowed() -> None:
    assert from_dict(Outer, {"name": "a", "limit": None}).limit is None


@pytest.mark.skipif(sys.version_info < (3, 10), reason="X | None came with Python 3.10")
def test_what_may_be_none_is_read_as_what_it_is() -> None:
    assert from_dict(Modern, {"inner": None}) == Modern()
    assert from_dict(Modern, {"inner": {"rate": 2}}) == Modern(Inner(rate=2.0))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": "a", "regoins": []}, "settings: unknown key 'regoins'. Did you mean 'regions'?"),
        ({"name": "a", "zzzz": 1}, "unknown key 'zzzz'. Known: inner, limit"),
        ({"name": "a", "inner": {"sise": 1}}, "settings.inner: unknown key 'sise'. Did you mean 'size'?"),
        ({}, "missing 1 required positional argument: 'name'"),
        ({"name": 3}, "settings.name: needs str, got 3"),
        ({"name": "a", "inner": {"size": 1.5}}, "settings.inner.size: needs int, got 1.5"),
        ({"name": "a", "inner": {"size": True}}, "settings.inner.size: needs int, got True"),
        ({"name": "a", "inner": {"rate": "fast"}}, "settings.inner.rate: needs a number, got 'fast'"),
        ({"name": "a", "inner": {"rate": True}}, "settings.inner.rate: needs a number, got True"),
        ({"name": "a", "inner": 3}, "settings.inner: needs a table of settings, got 3"),
        ({"name": "a", "mode": "slow"}, "settings.mode: 'slow' is not one of fast, exact"),
        ({"name": "a", "regions": "mouth"}, "settings.regions: needs a list, got 'mouth'"),
        ({"name": "a", "pair": [1]}, "settings.pair: needs 2 values, got 1"),
        ({"name": "a", "on": 1}, "settings.on: needs bool, got 1"),
        ({"name": "a", "weights": {"eyes": "x"}}, "settings.weights.eyes: needs a number, got 'x'"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_dict(Outer, values)
    assert sentence in str(caught.value)


def test_merging_reaches_into_nested_settings() -> None:
    changed = merged(FULL, {"inner": {"size": 32}, "mode": "fast"})
    assert changed.inner == Inner(32, 0.5)
    assert (changed.mode, changed.regions) == ("fast", FULL.regions)


def test_merging_an_unknown_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="preset: unknown key 'moed'"):
        merged(FULL, {"moed": "fast"}, "preset")


def test_merging_leaves_the_original_alone() -> None:
    merged(FULL, {"weights": {"brow": 1.0}})
    assert FULL.weights == {"eyes": 0.5}
