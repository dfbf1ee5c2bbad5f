"""Names of the drivers in both languages, and the making of one; imports no numpy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from risk.sharing.model import Model

JUDGEMENT = "judgement of this product; replace it by the team's own figure"

TEXTS: dict[str, tuple[str, str]] = {
    "correlation": ("各驱动因素共同波动的相关性", "Correlation of all drivers through one common factor"),
    "delay": ("发生延期的概率（延期幅度为对数正态）", "Probability of any delay (its size is log-normal)"),
    "cost_growth": (
        "成本超支的概率（幅度为对数正态）",
        "Probability of cost growth (its size is log-normal)",
    ),
    "insured_cause": ("目标未达成时，属于承保原因的概率", "Insured cause, given that a milestone is missed"),
    "determination_agrees": (
        "存在承保原因时，认定成立的概率",
        "Determination agrees, given an insured cause",
    ),
    "accepted_spend": ("保险认可的已支出成本", "Spend accepted by the insurer"),
    "soft_sale_value": (
        "失败但技术可用时的资产与知识产权出售额",
        "Sale of assets and IP where the technology still works",
    ),
    "hard_pledged_value": (
        "技术失败时抵押设备变现净额",
        "Pledged equipment after a technical failure, net of costs",
    ),
    "hard_estate_value": ("技术失败时其余资产变现额", "Other assets after a technical failure"),
    "later_recovery": ("清算之后的后续追偿净额", "Recovered later, after the liquidation, net of costs"),
    "commercial_failure": ("技术成功后商业失败的概率", "Commercial failure after technical success"),
    "exit_value": ("成功后公司出售价款", "Sale price of the company after success"),
    "exit_years": ("末个里程碑至出售的年数", "Years from the last milestone to the sale"),
    "fund_proceeds": ("基金存续期内全部可分配回款", "All that the fund realises to distribute over its life"),
    "fund_years": ("首次缴款至首次分配的年数", "Years from the first call to the first distribution"),
    "yearly_revenue": ("成功后达产年收入", "Yearly revenue at full scale after success"),
    "round_value": ("下一轮融资的投前估值", "Value of the company before the next round"),
    "round_money": ("下一轮融资新投入的金额", "New money of the next round"),
    "round_years": ("末个里程碑至下一轮融资的年数", "Years from the last milestone to the next round"),
    "largest_holder": (
        "下一轮融资后其他第一大股东的持股比例（不计本次转股）",
        "Holding of the largest other shareholder after the next round, before this conversion",
    ),
    "unspent_share": ("失败时未使用的拨款比例", "Share of the grant that is unspent at a failure"),
    "ineligible_share": (
        "失败时已使用部分中不合规支出的比例",
        "Ineligible share of what was spent by a failure",
    ),
    "revenue_due_share": ("应付本协议的收入比例", "Share of revenue due under the agreement"),
}
ASSUMPTIONS: tuple[dict[str, str], ...] = (
    {
        "text_zh": "任一里程碑未通过，中试即终止并进入清算；到该日已提款的比例决定可变现资产和已支出成本。",
        "text_en": "A missed milestone ends the pilot in a liquidation; what can be sold "
        "and what was spent follow the "
        "share of the money drawn by that day.",
    },
    {
        "text_zh": "全部里程碑的通过由同一个随机因素决定，因此全部通过的概率恰为各概率之积。",
        "text_en": "One random factor decides all milestones, so that passing them all "
        "has exactly the product of "
        "their probabilities.",
    },
    {
        "text_zh": "承保原因与认定结果在未通过的前提下独立抽取；商业失败按非保险事故处理。",
        "text_en": "Insured cause and determination are drawn given a miss, apart from "
        "the common factor; a commercial "
        "failure is no insured event.",
    },
    {
        "text_zh": "超出承诺资金的成本由项目公司承担，从出售价款中扣减；延期推迟出售。",
        "text_en": "Cost beyond the commitments is borne by the company and lowers what a "
        "sale brings in; a delay "
        "postpones the sale.",
    },
    {
        "text_zh": "存续期间公司按期付息还本；最迟在期末出售。",
        "text_en": "While it goes on the company pays interest and principal when due; it "
        "is sold at the end of the "
        "horizon at the latest.",
    },
    {
        "text_zh": "金额为税前，未折现；期末以后的现金流不计入。",
        "text_en": "Amounts are before tax and not discounted; nothing after the horizon is counted.",
    },
)
"""What the model takes for granted, for the page that shows its results."""
GRANT_ASSUMPTIONS: tuple[dict[str, str], ...] = (
    {
        "text_zh": "下一轮融资前总股本按一千万股计；出售早于下一轮融资的，按出售价格转股。",
        "text_en": "There are ten million shares before the next round; where the company is sold earlier, the grant "
        "converts at the price of the sale.",
    },
    {
        "text_zh": "转股金额以持股上限和不成为第一大股东为限，其余在出售时或转股期满后由公司全额退还。",
        "text_en": "As much converts as cap and largest holder allow; the company returns the rest in full at a sale "
        "or after the last day of conversion.",
    },
    {
        "text_zh": "失败时结余全额退回；不合规支出从清算所得中退还，以所得为限，不足部分为出资方损失；"
        "其余经审计合规的支出结项免责。",
        "text_en": "After a failure what is unspent comes back in full, what was spent ineligibly comes out of the "
        "liquidation as far as it reaches and is lost beyond that, and the rest is closed with exemption.",
    },
)
"""What is taken for granted besides where the terms hold a conditional grant."""
SHARED_ASSUMPTIONS: tuple[dict[str, str], ...] = (
    {
        "text_zh": "与其他协议共用的额度按条款所列金额计，未扣除其他协议先行使用的部分；实际补偿可能更少。",
        "text_en": "A limit shared with other agreements is taken whole, as if none of them had used it before; what "
        "is really compensated may be less.",
    },
)
"""What is taken for granted besides where agreements share a limit."""
FUND_ASSUMPTIONS: tuple[dict[str, str], ...] = (
    {
        "text_zh": "各期出资均按约定日期缴付，无违约合伙人。",
        "text_en": "Every call is paid on its day; no partner defaults.",
    },
    {
        "text_zh": "全部回款自首次分配起按年等额分配，末次分配并入期末清算；回款为扣除基金费用后的净额。",
        "text_en": "What the fund realises, after its expenses, is distributed in equal yearly parts from the first "
        "distribution; the last part is the liquidation at the end.",
    },
    {
        "text_zh": "让利条件在每一情景中自首次分配起即成立或始终不成立。",
        "text_en": "In each scenario the conditions of a concession hold from the first distribution or never.",
    },
    ASSUMPTIONS[-1],
)
"""The same for a fund."""
_PREFIX_TEXTS = {
    "pass": (
        "里程碑{id}（{zh}）通过的概率（以此前均已通过为前提）",
        "Milestone {id} ({en}) is passed, given that those before were",
    ),
    "flag": ("条件得到满足的概率：{zh}", "Condition is met: {en}"),
    "claim": ("清算时认可的债权：{zh}", "Claim admitted in a liquidation: {en}"),
}


def driver_text(name: str, names: Mapping[str, Mapping[str, str]] | None = None) -> dict[str, str]:
    """Return ``text_zh`` and ``text_en`` of a driver; the name itself where it is unknown.

    `names` gives the words of the terms for drivers that belong to one object, as :func:`object_names` returns them.
    """
    prefix, _, object_id = name.partition(":")
    if object_id and prefix in _PREFIX_TEXTS:
        words = (names or {}).get(name, {"zh": object_id, "en": object_id})
        chinese, english = (text.format(id=object_id, **words) for text in _PREFIX_TEXTS[prefix])
    else:
        chinese, english = TEXTS.get(name, (name, name))
    return {"text_zh": chinese, "text_en": english}


def object_names(model: Model) -> dict[str, dict[str, str]]:
    """Return the words of the terms by driver: ``pass:M1`` to the names of that milestone in both languages."""
    return {
        **{f"pass:{key}": words for key, words in model.milestones.items()},
        **{f"flag:{key}": words for key, words in model.flags.items()},
        **{f"claim:{key}": claim.name for key, claim in model.claims.items()},
    }


def name_drivers(parameters: dict[str, dict[str, Any]], model: Model) -> dict[str, dict[str, Any]]:
    """Return the drivers with those of single objects named in the words of the terms."""
    names = object_names(model)
    return {name: {**driver, **driver_text(name, names)} for name, driver in parameters.items()}


def make_driver(
    name: str, kind: str, value: str | int, low: str | int, high: str | int, *, as_of: date, **more: Any
) -> dict[str, Any]:
    """Return one driver with its texts; amounts get the keys that end in ``_minor``."""
    suffix = "_minor" if kind == "amount" else ""
    return {
        "kind": kind,
        f"value{suffix}": value,
        f"low{suffix}": low,
        f"high{suffix}": high,
        "basis": "judgement",
        "source": JUDGEMENT,
        "as_of": as_of.isoformat(),
        **driver_text(name),
        **more,
    }
