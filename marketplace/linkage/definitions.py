"""The symbols and formulas of a linkage report, stored with every frozen report."""

from __future__ import annotations

VERSION = "linkage-2026-11"
READINGS = ("nominal", "look_through")
BASES = ("committed", "paid", "claimed")
SYMBOLS = ("G", "O", "V", "B", "S", "K", "C")
CAPITAL_CLASSES = ("private", "state_owned", "foreign", "individual")
PARTS = tuple(f"V.{name}" for name in (*CAPITAL_CLASSES, "direct", "indirect"))
RATIOS = ("M1a", "M1b", "M2", "M4")
SOURCE = "linkage.md"

# name: (Chinese, English); every figure that a report prints is named here.
NAMES: dict[str, tuple[str, str]] = {
    "G": ("本引导基金", "This guidance fund"),
    "O": ("其他公共资金", "Other public money"),
    "V": ("社会资本", "Non-fiscal capital"),
    "V.private": ("其中：民营", "of which private"),
    "V.state_owned": ("其中：国有", "of which state-owned"),
    "V.foreign": ("其中：外资", "of which foreign"),
    "V.individual": ("其中：个人", "of which individuals"),
    "V.direct": ("直接带动", "mobilised directly"),
    "V.indirect": ("间接带动", "mobilised indirectly"),
    "B": ("银行贷款", "Bank loans"),
    "S": ("保险金额", "Sums insured"),
    "K": ("或有公共资金", "Contingent public money"),
    "C": ("中试总成本", "Total pilot cost"),
    "M1a": ("放大倍数", "Amplification"),
    "M1b": ("放大倍数（含贷款）", "Amplification with loans"),
    "M2": ("社会资本带动比", "Private leverage"),
    "M4": ("公共投入倍数", "Total per unit of public effort"),
    "A": ("归因于本基金的社会资本", "Non-fiscal capital attributed to this fund"),
    "A.rest": ("归因于其他公共资金", "attributed to other public funds"),
    "L7": ("资金到位率", "Paid of committed"),
}

TEXTS: dict[str, tuple[str, str]] = {
    "G": (
        "本基金在期内关闭的各轮中的权益类出资。",
        "Equity-like money of this fund in the rounds that closed in the period.",
    ),
    "O": (
        "同轮其他引导基金的出资；穿透口径下另加各出资方的国有与财政份额。",
        "Money of other guidance funds in the same rounds; under look-through also the state-owned and fiscal "
        "shares of the other investors.",
    ),
    "V": (
        "财政以外的权益类资本。名义口径按出资单位计，穿透口径扣除国有与财政份额，逐笔向下取整到分。",
        "Equity-like capital that is not fiscal. Nominal counts by the organisation that pays; look-through takes "
        "away its state-owned and fiscal shares, rounded down to the fen for each commitment.",
    ),
    "V.direct": (
        "有据可查的合同、联合领投或本平台介绍所带来的社会资本。",
        "Non-fiscal capital with evidence of a contract, a co-lead or an introduction made here.",
    ),
    "V.indirect": ("同轮其余的社会资本。", "The other non-fiscal capital of the same rounds."),
    "B": ("同轮银行贷款。", "Bank loans of the same rounds."),
    "S": (
        "所涉项目保单的保险金额；从不计入分子。",
        "Sums insured by the policies of these projects; never in a numerator.",
    ),
    "K": (
        "保费补贴，加每份生效协议中各资金池最紧的可用限额。",
        "Premium subsidies, and of each pool in each active agreement its tightest limit.",
    ),
    "C": ("所涉项目预算总额，每个项目计一次。", "Budgets of these projects, each project once."),
    "M1a": ("(G + V) ÷ G", "(G + V) / G"),
    "M1b": ("(G + V + B) ÷ G", "(G + V + B) / G"),
    "M2": ("V ÷ G：社会资本比引导资金，方向为社会 : 引导", "V / G: non-fiscal to guidance money, in this direction"),
    "M4": (
        "(G + O + V + B) ÷ (G + O + K)，分子分母同一口径、同一基数",
        "(G + O + V + B) / (G + O + K), both sides in the same reading and base",
    ),
    "A": (
        "每轮 V × 本基金出资 ÷ 各公共基金出资之和，按最大余数法分到分，之和恒等于 V。",
        "In each round V x this fund's money / all public funds' money, to the fen by largest remainder; "
        "the parts add to V.",
    ),
    "A.rest": ("V 减去归因于本基金的部分。", "V less what is attributed to this fund."),
    "L7": ("已确认到账 ÷ 已承诺（G）。", "Confirmed as paid / committed, of G."),
}
for _part in CAPITAL_CLASSES:
    TEXTS[f"V.{_part}"] = TEXTS["V"]

BASE_TEXTS: dict[str, tuple[str, str]] = {
    "committed": (
        "期内关闭轮次中有效的确定承诺（不含已释放、已违约）。",
        "Firm commitments in force in rounds closed in the period (neither released nor in default).",
    ),
    "paid": (
        "两人确认的银行流水，与总账缴款分录一致，且各报告方没有冲突。",
        "Bank lines confirmed by two people that agree with the ledger's entries and on which no reporters conflict.",
    ),
    "claimed": (
        "按优先顺序取各方报告的到账金额（自报＞银行凭证＞领投方表＞其他共同投资人）。",
        "What reporters say was paid, by rank: own report, bank evidence, the lead's table, other co-investors.",
    ),
}


def definition_model() -> dict[str, object]:
    """Definitions as they are frozen with a report."""
    return {
        "version": VERSION,
        "figures": {
            name: {"name": _pair(NAMES[name]), "definition": _pair(TEXTS[name])} for name in NAMES
        },
        "bases": {name: _pair(text) for name, text in BASE_TEXTS.items()},
        "readings": list(READINGS),
    }  # fmt: skip


def _pair(texts: tuple[str, str]) -> dict[str, str]:
    return {"zh": texts[0], "en": texts[1]}
