"""Maturity as it goes: levels that rose between two assessments, objections in every state, plans made of gaps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from marketplace.assessments import queries
from marketplace.assessments.services import answer_dispute, list_open_steps, plan_milestones, raise_dispute
from marketplace.assessments.services.disputes import state_on_dispute
from marketplace.demo.financing import noon
from marketplace.demo.market import Market
from marketplace.demo.records import Project as ProjectRecord

# The team let the year pass without asking again: nothing is assessed any more.
NOT_RENEWED = ("planetary-roller-screw",)
PLANNED = ("sulfide-pouch-cell", "flash-calcined-clay", "direct-peroxide", "imaging-radar", "moulded-straw-lid")


@dataclass(frozen=True)
class Objection:
    """One objection of the demonstration; `outcome` empty means that it is still open."""

    project: str
    criterion: str
    ground: str
    reason: str
    days_ago: int
    statement: str = ""
    outcome: str = ""
    answer: str = ""


OBJECTIONS = (
    Objection(
        project="laser-vacuum-glazing",
        criterion="trl-5-problems",
        ground="evidence_missing",
        days_ago=40,
        reason="Edge leaks after thermal cycling are named in the report and not said to be solved. "
        "报告提到热循环后的边缘漏气，未说明已解决。",
        statement="The second report closes them; page 14. 第二份报告第14页已说明处理结果。",
        outcome="dismissed",
        answer="Both reports were read; the leaks were closed before the run that counted. "
        "两份报告均已核对，漏气在计入的试验前已处理。",
    ),
    Objection(
        project="glass-core-substrate",
        criterion="trl-5-integrated-bench",
        ground="sample",
        days_ago=35,
        reason="The bench ran 100 mm panels, the claim is for 510 mm. 台架样品为100毫米，所主张的是510毫米。",
        statement="We took the smaller panel as representative. 我们认为小尺寸样品具有代表性。",
        outcome="upheld",
        answer="Not representative: warpage grows with the side. The judgement no longer counts. "
        "不具代表性：翘曲随边长增大，该项判断不再计入。",
    ),
    Objection(
        project="fdca-bubble-column",
        criterion="mrl-4-cost-drivers",
        ground="evidence_wrong",
        days_ago=25,
        reason="The catalyst price is of 2021. 催化剂价格为2021年数据。",
        statement="A sensitivity with the price of this year is in the annex. 附件含今年价格的敏感性分析。",
    ),
    Objection(
        project="scco2-dyeing",
        criterion="",
        ground="independence",
        days_ago=5,
        reason="The testing laboratory and the team share an address. 检测实验室与团队地址相同。",
    ),
)


def first_levels(record: ProjectRecord, number: int) -> ProjectRecord:
    """What the first assessment found: every third project stood a level lower then."""
    if record.trl_assessed is None or record.trl_assessed < 2 or number % 3:
        return record
    mrl = record.mrl_assessed - 1 if record.mrl_assessed and record.mrl_assessed > 1 else record.mrl_assessed
    return replace(record, trl_assessed=record.trl_assessed - 1, mrl_assessed=mrl)


def disagree_and_plan(market: Market) -> None:
    """Objections and plans, raised, stated, decided and made by those who may."""
    for objection in OBJECTIONS:
        _object(market, objection)
    for code in PLANNED:
        _plan(market, code)
    market.say(f"{len(OBJECTIONS)} objections, {len(PLANNED)} maturation plans")


def _object(market: Market, objection: Objection) -> None:
    bank, operator = market.cast.first_of("bank"), market.cast.first_of("operator")
    day = noon(market.today - timedelta(days=objection.days_ago))
    with market.database.transaction() as session:
        assessment = _standing(session, market, objection.project, actor=bank)
        element = assessment.project.elements[0].public_id if objection.criterion else ""
        dispute = raise_dispute(
            session, actor=bank, assessment=assessment, element=element, criterion=objection.criterion,
            ground=objection.ground, reason=objection.reason, now=day,
        )  # fmt: skip
        if objection.statement:
            judge = market.cast.actor(_code_of(market, assessment.assessor_organisation_id))
            state_on_dispute(
                session, actor=judge, assessment=assessment, dispute=dispute, statement=objection.statement,
                now=day + timedelta(days=2),
            )  # fmt: skip
        if objection.outcome:
            answer_dispute(
                session, actor=operator, assessment=assessment, dispute=dispute,
                upheld=objection.outcome == "upheld", answer=objection.answer, now=day + timedelta(days=8),
            )  # fmt: skip


def _plan(market: Market, code: str) -> None:
    """The team makes milestones of the next level of each scale."""
    team = market.cast.actor(market.content.get_project(code).team)
    with market.database.transaction() as session:
        assessment = _standing(session, market, code, actor=team)
        end = assessment.project.planned_end
        steps: dict[str, dict[str, Any]] = {}
        for step in list_open_steps(session, assessment=assessment):
            steps.setdefault(
                step["scale"], {"scale": step["scale"], "level": step["level"], "planned_on": end.isoformat()}
            )
        plan_milestones(session, actor=team, assessment=assessment, steps=steps.values(), now=noon(market.today))


def _standing(session: Any, market: Market, code: str, *, actor: Any) -> Any:
    project = market.project(code)
    standing = queries.find_signed_assessment(session, project_id=project.id)
    assert standing is not None, code
    return queries.get_assessment(session, actor=actor, public_id=standing.public_id)


def _code_of(market: Market, organisation_id: int) -> str:
    return next(code for code, row in market.cast.organisations.items() if row.id == organisation_id)
