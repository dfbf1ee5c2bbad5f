"""Plain sentences for a conditional grant: what it is before conversion, its price rule, its return and exemption."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from risk.sharing.model import Conversion, Instrument, Model
from risk.sharing.wording.document import Words, money_words, percent_words

Row = tuple[str, Words, Words]


def describe_grant(item: Instrument, rule: Conversion, model: Model) -> Iterator[Row]:
    """Return the clauses of one grant.

    Parameters
    ----------
    item : Instrument
        The conditional grant.
    rule : Conversion
        How it becomes equity.
    model : Model
        The compiled terms.

    Returns
    -------
    iterator of (clause, title, sentence)
        Title and sentence in both languages.
    """
    party, amount = model.parties[item.party].name, money_words(item.commitment_minor, model)
    certifier, project = model.parties[rule.certified_by].name, model.parties[model.project].name
    factor, cap = percent_words(Fraction(*rule.factor)), percent_words(Fraction(*rule.holding_cap))
    clause = f"instruments.{item.id}"
    yield (
        clause,
        {"zh": f"{party['zh']}先投后股资金", "en": f"Fund first, equity later: {party['en']}"},
        {
            "zh": f"{party['zh']}提供附条件拨款{amount['zh']}。转股前不计息、无表决权，不参与退出和清算分配。",
            "en": f"{party['en']} gives a conditional grant of {amount['en']}. Before conversion it bears no interest, "
            "carries no vote and has no part in the proceeds of an exit or liquidation.",
        },
    )
    yield (
        f"{clause}.conversion",
        {"zh": "转股", "en": "Conversion"},
        {
            "zh": f"按下一轮融资每股价格的{factor}转为股权（{rule.price_rule['zh']}），不足一股的部分不发行。"
            f"转股后持股不超过融资后总股数的{cap}，且不得成为第一大股东；价格依据由{certifier['zh']}核实后方可转股，"
            f"最迟于{rule.convert_by}。",
            "en": f"It converts at {factor} of the next round's price per share ({rule.price_rule['en']}); a part of a "
            f"share is not issued. After the round the holding is at most {cap} of all shares and never the largest; "
            f"{certifier['en']} confirms the price before it converts, on {rule.convert_by} at the latest.",
        },
    )
    yield (
        f"{clause}.audit",
        {"zh": "支出审计与退还", "en": "Audit of spending and return"},
        {
            "zh": f"{certifier['zh']}审计支出；不合规支出和结余由{project['zh']}退还。"
            f"{rule.convert_by}后仍未转股且没有失败记录的，全部退还。"
            f"公司清算所得不足以退还的，不足部分由{party['zh']}承担，其追索权保留。",
            "en": f"{certifier['en']} audits the spending; what was spent ineligibly or is unspent is repaid by "
            f"{project['en']}. What is not converted after {rule.convert_by}, with no failure on record, is returned. "
            f"What a liquidation does not suffice to repay is lost to {party['en']}, whose claim stays.",
        },
    )
    yield (
        f"{clause}.exemption",
        {"zh": "结项免责", "en": "Closing with exemption"},
        {
            "zh": "试验或里程碑未通过，或公司清算的，可以结项；公司出售的不适用。"
            f"{rule.exemption['zh'].rstrip('。')}。由{certifier['zh']}确认；"
            f"经审计的合规支出由{party['zh']}承担，任何一方不负偿还责任。",
            "en": "After a failed test, a failed milestone or a liquidation the case may be closed, after a sale of "
            "the company it may not. "
            f"{rule.exemption['en'].rstrip('.')}. {certifier['en']} confirms it; the audited eligible spending "
            f"is borne by {party['en']} and nobody owes it.",
        },
    )
