"""Other readings of the programs: tiers in another order or left out, branches, caps, splits, layers, bases."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from risk.sharing.readings.change import REMOVED, Change, Json, Path
from risk.sharing.split import POLICIES

_POLICY_WORDS = {
    "carried": {"zh": "结转权益", "en": "carried entitlements"},
    "plain_largest_remainder": {"zh": "最大余数", "en": "largest remainder"},
    "in_order": {"zh": "按顺序", "en": "in order"},
    "in_reverse_order": {"zh": "按逆序", "en": "in reverse order"},
}
_BASES = {"capital": "contributed", "contributed": "capital"}


def programmed(terms: Json) -> Iterator[Change]:
    """Yield the other readings of a valid document's programs; not each of them need be valid terms."""
    for name, part in terms.get("pots", {}).items():
        yield from _walk(part["program"], ("pots", name, "program"))
    yield from _walk(terms["programs"], ("programs",))


def _walk(node: Any, path: Path) -> Iterator[Change]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in _READERS and isinstance(value, (dict, list)):
                yield from _READERS[key](value, (*path, key))
            yield from _walk(value, (*path, key))
    elif isinstance(node, list):
        for place, item in enumerate(node):
            yield from _walk(item, (*path, place))


def _seq(blocks: Any, path: Path) -> Iterator[Change]:
    """Two neighbours change places; a tier that is not the last is left out."""
    for place in range(len(blocks) - 1):
        this, after = tier_name(blocks[place], place), tier_name(blocks[place + 1], place + 1)
        if place + 2 < len(blocks):
            swapped = [*blocks[:place], blocks[place + 1], blocks[place], *blocks[place + 2 :]]
            words = {"zh": f"“{after['zh']}”先于“{this['zh']}”", "en": f"“{after['en']}” before “{this['en']}”"}
            yield Change("tier_order", path, swapped, words)
        if "cap" in blocks[place]:
            gap = blocks[place]["cap"]["amount"].get("gap", {})
            code = "catch_up_off" if "share_of_profit" in gap else "tier_left_out"
            words = {"zh": f"没有“{this['zh']}”这一层", "en": f"Without the tier “{this['en']}”"}
            yield Change(code, (*path, place), REMOVED, words)


def _share(data: Any, path: Path) -> Iterator[Change]:
    if not isinstance(data, dict):
        return
    stated = data.get("policy", "carried")
    for other in POLICIES:
        if other != stated:
            words = {
                "zh": f"分配的尾差按“{_POLICY_WORDS[other]['zh']}”处理",
                "en": f"The odd units of the split go by {_POLICY_WORDS[other]['en']}",
            }
            yield Change("splitting_policy", (*path, "policy"), other, words)


def _when(data: Any, path: Path) -> Iterator[Change]:
    """One branch whatever the condition: subordination, concession and the like on or off."""
    name = data.get("name") or {"zh": path_text(path), "en": path_text(path)}
    branches = {"then": ("视为条件成立", "as if its condition held")}
    if "else" in data:
        branches["else"] = ("视为条件不成立", "as if its condition did not hold")
    for key, (zh, en) in branches.items():
        words = {"zh": f"“{name['zh']}”{zh}", "en": f"“{name['en']}” {en}"}
        yield Change("condition_held" if key == "then" else "condition_failed", path[:-1], data[key], words)


def _min(items: Any, path: Path) -> Iterator[Change]:
    for place in range(len(items)):
        if len(items) > 1:
            words = {
                "zh": f"{path_text(path)} 的第{place + 1}个上限不适用",
                "en": f"Bound {place + 1} of {path_text(path)} does not apply",
            }
            yield Change("cap_off", (*path, place), REMOVED, words)


def _pct(data: Any, path: Path) -> Iterator[Change]:
    kind, _, rest = data["of"].get("bal", "").partition(":")
    if kind in _BASES:
        words = {
            "zh": f"百分比以 {_BASES[kind]}:{rest} 为基数，而非 {kind}:{rest}",
            "en": f"The percentage counts on {_BASES[kind]}:{rest} instead of {kind}:{rest}",
        }
        yield Change("percentage_base", (*path, "of"), {"bal": f"{_BASES[kind]}:{rest}"}, words)


def _layer(data: Any, path: Path) -> Iterator[Change]:
    """Deductible or limit on the other side of the share.

    The engine pays share x min(loss - deductible, limit). What is taken off after the share is d / share before it, and
    a limit after the share is limit / share before it; both only where that is a whole number of units and the share
    has no steps, so that the reading is exact.
    """
    share = Fraction(data["share"])
    for key, code, zh, en in (
        (
            "deductible_minor",
            "deductible_after_share",
            "免赔额在分担比例之后扣除",
            "The deductible comes off after the share",
        ),
        ("limit_minor", "limit_after_share", "限额在分担比例之后适用", "The limit applies after the share"),
    ):
        stated = data.get(key)
        if not stated or share in (0, 1):
            continue
        moved = stated / share
        if moved.denominator == 1 and not data.get("steps"):
            yield Change(code, (*path, key), int(moved), {"zh": zh, "en": en})
        name = {"deductible_minor": ("免赔额", "deductible"), "limit_minor": ("限额", "limit")}[key]
        words = {"zh": f"{name[0]}不适用", "en": f"The {name[1]} does not apply"}
        yield Change(f"{name[1]}_off", (*path, key), REMOVED, words)


def tier_name(block: Json, place: int) -> dict[str, str]:
    """Return the name of a tier, or its place in the sequence and the party it pays."""
    ((kind, data),) = block.items()
    name = data.get("name") if isinstance(data, dict) else None
    if name:
        return dict(name)
    party = data.get("party", kind) if isinstance(data, dict) else kind
    return {"zh": f"第{place + 1}层 {party}", "en": f"tier {place + 1} {party}"}


def path_text(path: Path) -> str:
    """Return a path as the refusals of terms write it."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


_READERS = {"seq": _seq, "share": _share, "when": _when, "min": _min, "pct": _pct, "layer": _layer}
