"""The text that a signatory is shown and signs: who, what, which hashes, and what the simulation said.

It is part of the signed bytes, so its wording stands here and not in a catalogue that may be reworded later.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marketplace.agreements.chain import hash_result
from marketplace.money import Money

WORDS = {
    "zh": (
        "本人{user}代表{organisation}（本协议中的{party}，身份：{capacity}）签署协议“{title}”（{agreement}）"
        "第{number}版。条款哈希：{terms_hash}。签署前已向本人展示该版本的模拟{simulation}（结果哈希：{result_hash}，"
        "{scenarios}个情景）：预期收益{expected}，亏损概率{loss}，95%预期短缺{shortfall}。"
        "条款经修改后，本签名不再有效。"
    ),
    "en": (
        "I, {user}, sign version {number} of the agreement “{title}” ({agreement}) for {organisation} "
        "(the party {party} in it, as {capacity}). Hash of the terms: {terms_hash}. Before signing I was shown "
        "simulation {simulation} of this version (hash of the result: {result_hash}, {scenarios} scenarios): "
        "expected result {expected}, probability of a loss {loss}, expected shortfall at 95% {shortfall}. "
        "If the terms are changed, this signature no longer counts."
    ),
}
CHANGE_WORDS = {
    "zh": (
        "该版本变更现行第{base}版，自{effective}起生效；此前的分录不变。两版以同一批随机情景比较（差异摘要："
        "{digest}），对本方的变化：预期收益{expected}（标准误{expected_error}），亏损概率{loss}个百分点（标准误{loss_error}），"
        "95%预期短缺{shortfall}（标准误{shortfall_error}）。"
    ),
    "en": (
        " It amends version {base}, now in force, from {effective} on; entries before that day stay. Both versions "
        "were compared on the same draws (digest of the difference: {digest}); change for this party: expected result "
        "{expected} (standard error {expected_error}), probability of a loss {loss} percentage points (standard error "
        "{loss_error}), expected shortfall at 95% {shortfall} (standard error {shortfall_error})."
    ),
}
CAPACITY_WORDS = {
    "zh": {"principal": "本人", "agent": "代理人", "entrusted": "受托人"},
    "en": {"principal": "principal", "agent": "agent", "entrusted": "entrusted party"},
}
NONE = {"zh": "不适用", "en": "not applicable"}


def write_statement(
    *, agreement: Any, version: Any, party: Any, simulation: Any, actor: Any, locale: str, amendment: Any = None
) -> str:
    """The statement of one signatory over one version, in the language of the page; for an amendment with the
    difference that it makes."""
    language = "zh" if locale.startswith("zh") else "en"
    figures = (simulation.result or {}).get("parties", {}).get(party.party)
    organisation = party.organisation.name(locale) if party.organisation else party.name(locale)
    change = "" if amendment is None else _change(amendment, party, simulation.result or {}, agreement, language)
    return (
        WORDS[language].format(
            user=actor.user_name,
            organisation=organisation,
            party=party.name(locale),
            capacity=CAPACITY_WORDS[language][party.capacity],
            title=agreement.title(locale),
            agreement=agreement.public_id,
            number=version.number,
            terms_hash=version.terms_hash,
            simulation=simulation.public_id,
            result_hash=simulation.result_hash,
            scenarios=f"{simulation.scenarios:,}",
            **_figures(figures, agreement.currency, language),
        )
        + change
    )


def _figures(figures: dict[str, Any] | None, currency: str, language: str) -> dict[str, str]:
    if figures is None:
        return dict.fromkeys(("expected", "loss", "shortfall"), NONE[language])
    return {
        "expected": _money(figures["expected_profit"]["value_minor"], currency),
        "loss": f"{Decimal(figures['loss_probability']['value']) * 100:.1f}%",
        "shortfall": _money(figures["expected_shortfall"]["0.95"]["value_minor"], currency),
    }


def _money(amount_minor: int, currency: str) -> str:
    return f"{currency} {Money(amount_minor, currency).decimal():,}"


def difference_digest(result: dict[str, Any]) -> str:
    """The digest of a simulation's difference in money, which is part of what is signed."""
    return hash_result(result["difference"])


def _change(amendment: Any, party: Any, result: dict[str, Any], agreement: Any, language: str) -> str:
    row = result["difference"]["parties"].get(party.party)
    words = dict.fromkeys(
        ("expected", "expected_error", "loss", "loss_error", "shortfall", "shortfall_error"), NONE[language]
    )
    if row is not None:
        words = {
            "expected": _signed(row["expected_profit"]["change_minor"], agreement.currency),
            "expected_error": _money(row["expected_profit"]["standard_error_minor"], agreement.currency),
            "loss": f"{Decimal(row['loss_probability']['change']) * 100:+.2f}",
            "loss_error": f"{Decimal(row['loss_probability']['standard_error']) * 100:.2f}",
            "shortfall": _signed(row["expected_shortfall"]["change_minor"], agreement.currency),
            "shortfall_error": _money(row["expected_shortfall"]["standard_error_minor"], agreement.currency),
        }
    return CHANGE_WORDS[language].format(
        base=amendment.base_number,
        effective=amendment.effective_on.isoformat(),
        digest=difference_digest(result),
        **words,
    )


def _signed(amount_minor: int, currency: str) -> str:
    return f"{currency} {Money(amount_minor, currency).decimal():+,}"
