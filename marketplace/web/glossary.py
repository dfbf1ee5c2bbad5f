"""Terms of the field in both languages; the glossary page shows them side by side."""

from __future__ import annotations

# (Chinese, English, what it means zh, what it means en)
GLOSSARY: tuple[tuple[str, str, str, str], ...] = (
    ("中试", "Pilot-scale testing", "从样品试制到正式生产之间的过渡性试验。", "The transitional test between trial product and production."),
    ("技术熟化程度", "Technology-maturation level", "技术从原理到成熟应用的程度，以TRL表示。", "How far a technology is from principle to proven use, expressed as TRL."),
    ("技术就绪水平（TRL）", "Technology readiness level (TRL)", "九级量表；每一级须以下各级均有证据支持。", "A scale of nine levels; a level needs evidence for it and for all below."),
    ("制造成熟度（MRL）", "Manufacturing readiness level (MRL)", "十级量表；工艺类中试同时要求。", "A scale of ten levels; required beside TRL for process pilots."),
    ("关键技术元素", "Critical technology element", "决定项目等级的单项技术，项目等级取其最低者。", "A technology that decides the project's level; the lowest element counts."),
    ("声明等级", "Claimed level", "项目方自述，未经评估。", "What the team says, not assessed."),
    ("评估等级", "Assessed level", "独立评估机构依据证据签署的等级。", "What an independent assessor signed on evidence."),
    ("参照类", "Reference class", "评分所依据的历史项目群体及其数量。", "The group of past projects that a score rests on, with its size."),
    ("仅先验", "Prior only", "平台尚无自有结果，评分只来自公开统计。", "The platform has no outcomes of its own yet; the score rests on published counts."),
    ("社会资本", "Non-fiscal capital", "财政以外的资本，可以是国有的，不等同于民营。", "Capital that is not fiscal; it may be state-owned and is not the same as private."),
    ("名义口径", "Nominal reading", "按出资单位计算社会资本。", "Money counts as private by the organisation that pays it."),
    ("穿透口径", "Look-through reading", "扣除出资单位中的国有份额。", "The state-owned share of the organisation is taken away."),
    ("引导基金", "Government guidance fund", "以财政资金引导社会资本的母子基金。", "A fund of fiscal money that is to bring in other capital."),
    ("放大倍数", "Leverage multiple", "总额与引导资金之比；报告须写明公式。", "The whole over the guidance money; a report names its formula."),
    ("让利", "Yield concession", "引导基金在收回本金后，从自身已实现收益中让渡给指定对象。", "The guidance fund gives up part of its own realised gain, after principal, to named parties."),
    ("劣后", "Subordinated residual claim", "清算时排在其他投资人之后的剩余索取权。", "A residual claim that ranks behind the other investors in liquidation."),
    ("风险补偿资金池", "Risk-compensation pool", "按约定比例补偿贷款净本金损失。", "Compensates an agreed share of the net principal loss of loans."),
    ("净本金损失", "Net principal loss", "抵押、已转让赔款、破产财产与担保之后仍未收回的本金。", "Principal still missing after collateral, assigned indemnity, estate and guarantee."),
    ("赔款权益转让", "Assignment of the indemnity", "被保险人将赔款的一部分转让给银行等。", "The insured assigns part of an indemnity, for example to the bank."),
    ("共保体", "Co-insurance panel", "主承保人与从共保险人分担同一保障，各自只承担自己的份额。", "A lead and following insurers share one cover; each owes its own share only."),
    ("触发概率", "Trigger probability", "保险事故发生的概率，不同于评分中的失败概率。", "How likely the insured event is; not the score's failure."),
    ("预期短缺（ES）", "Expected shortfall (ES)", "最差一部分情景的平均损失。", "The mean loss over the worst part of the scenarios."),
    ("意向承诺 / 确定承诺", "Soft / firm commitment", "意向可撤回；确定承诺须履行。", "A soft commitment can be withdrawn; a firm one stands."),
    ("先决条件", "Condition precedent", "付款或生效之前须满足的条件。", "What must be met before money moves or a term takes effect."),
    ("汇款码", "Remittance code", "转账附言中的代码，用于核对流水。", "The code in a transfer's purpose field by which the bank line is found."),
    ("尽职免责", "Due-diligence exemption", "保留决策时已知信息，以证明尽职。", "Keeping what was known at the decision, to show that duty was done."),
)  # fmt: skip
