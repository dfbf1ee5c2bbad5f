"""Projects, evidence and assessments, written through their services."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

from marketplace.accounts.models import Organisation
from marketplace.assessments import queries as assessment_queries
from marketplace.assessments.models import Assessment, Evidence
from marketplace.assessments.services import (
    accept_assessment,
    add_evidence,
    judge_up_to,
    request_assessment,
    sign_assessment,
)
from marketplace.assessments.words import TIES
from marketplace.projects.models import Project
from marketplace.projects.queries import get_project
from marketplace.projects.services import create_project, move_project
from tests.factories import MOMENT, Factory, Member

NO_TIES = dict.fromkeys(TIES, False)


def project_values(**changes: Any) -> dict[str, Any]:
    """A complete listing with figures that fit each other."""
    values: dict[str, Any] = {
        "title_zh": "连续流重氮化中试", "title_en": "Continuous-flow diazotisation pilot",
        "summary_zh": "重氮盐在微通道里只停留四十秒。",
        "summary_en": "The salt lives for forty seconds in microchannels.",
        "sector": "chemicals", "industry_code": "2614", "region_code": "370300",
        "scale_up_step_zh": "从 5 L 放大到每天 2 m³", "scale_up_step_en": "from 5 L to 2 m³ a day",
        "scale_up_factor": "400", "new_process_steps": 2, "unproven_equipment_share": "0.35",
        "solids_handling": True, "recycle_streams": 1, "lead_organisation_size": "small",
        "trl_claimed": 6, "mrl_claimed": 5, "target_trl": 7, "target_mrl": 8,
        "planned_start": "2027-01-10", "planned_end": "2028-09-30",
        "confidential_zh": "首单四十吨", "confidential_en": "The first order is forty tonnes",
        "budget_lines": [
            {"kind": "equipment", "amount_minor": 900_000_000}, {"kind": "personnel", "amount_minor": 700_000_000},
        ],
        "funding_needs": [
            {"instrument": "equity", "amount_minor": 1_100_000_000, "smallest_ticket_minor": 200_000_000,
             "use_zh": "撬块", "use_en": "skid", "deadline": "2027-01-08"},
            {"instrument": "loan", "amount_minor": 500_000_000, "smallest_ticket_minor": 500_000_000,
             "deadline": "2027-01-08"},
        ],
        "milestones": [
            {"code": "M1", "name_zh": "半负荷", "name_en": "Half load", "planned_on": "2027-06-21",
             "budget_share": "0.4"},
            {"code": "M3", "name_zh": "收率考核", "name_en": "Yield test", "planned_on": "2028-09-30",
             "budget_share": "0", "threshold": {"quantity": "yield", "operator": "ge", "value": "0.82"}},
        ],
        "elements": [
            {"name_zh": "微通道", "name_en": "Microchannels", "trl_claimed": 6, "mrl_claimed": 5},
            {"name_zh": "反冲洗", "name_en": "Back-flush", "trl_claimed": 6, "mrl_claimed": 5},
        ],
        "ip": [{"owner": "Team", "kind": "patent", "text_zh": "三件专利", "text_en": "Three patents"}],
        "failure_menu": {"first": "retest", "then": "sell_ip", "cost_cap_minor": 60_000_000, "window_days": 90},
    }  # fmt: skip
    return {**values, **changes}


class ProjectFactory:
    """Projects of one application, at the state that a test needs."""

    def __init__(self, make: Factory) -> None:
        self.make = make
        self.database = make.database

    def draft(self, team: Member, now: datetime = MOMENT, **changes: Any) -> Project:
        with self.database.transaction() as session:
            return create_project(session, actor=team.actor, now=now, values=project_values(**changes))

    def levels(self, project: Project, trl: int | None, mrl: int | None, until: date | None = None) -> None:
        """The levels as an assessment would leave them, for tests that are not about assessing."""
        with self.database.transaction() as session:
            found = self._find(session, project)
            found.trl_assessed, found.mrl_assessed, found.levels_expire_on = trl, mrl, until

    def published(self, team: Member, operator: Member | None = None, **changes: Any) -> Project:
        """Submitted by the team, verified by an operator, published by the team."""
        operator = operator or self.make.member("operator")
        project = self.draft(team, **changes)
        for actor, state in ((team, "submitted"), (operator, "verified"), (team, "published")):
            self.move(project, actor, state)
        return self.reload(project, team)

    def move(self, project: Project, member: Member | None, state: str, reason: str = "") -> None:
        with self.database.transaction() as session:
            actor = member.actor if member else None
            found = self._find(session, project)
            move_project(session, actor=actor, project=found, state=state, now=MOMENT, reason=reason)

    def _find(self, session: Any, project: Project) -> Project:
        from marketplace.projects.queries import find_project

        found = find_project(session, project_id=project.id)
        assert found is not None
        return found

    def reload(self, project: Project, member: Member) -> Project:
        with self.database.transaction("read") as session:
            return get_project(session, actor=member.actor, public_id=project.public_id)

    def evidence(self, project: Project, team: Member, content: bytes | None = b"Test report, passed\n") -> Evidence:
        """A test report, which counts towards TRL 1 to 8 and MRL 1 to 9."""
        with self.database.transaction() as session:
            return add_evidence(
                session, actor=team.actor, project=self._find(session, project), now=MOMENT,
                values={"scale": "trl", "level": 6, "criterion": "trl-6-prototype", "evidence_type": "test_report",
                        "title": "Prototype report", "made_by": "Institute 4", "made_on": date(2026, 9, 1),
                        "place": "Zibo", "environment": "operational"},
                store=self.make.app.file_store if content else None,
                stream=io.BytesIO(content) if content else None, file_name="report.txt",
            )  # fmt: skip

    def assessed(
        self, project: Project, team: Member, assessor: Member, *, trl: int = 6, mrl: int = 5, sign: bool = True
    ) -> Assessment:
        """Every element judged up to the levels on one report, then signed."""
        report = self.evidence(project, team)
        with self.database.transaction() as session:
            found = self._find(session, project)
            organisation = session.get_one(Organisation, assessor.organisation.id)
            assessment = request_assessment(session, actor=team.actor, project=found, assessor=organisation, now=MOMENT)
            accept_assessment(session, actor=assessor.actor, assessment=assessment, declaration="No ties.", now=MOMENT,
                              ties=NO_TIES)  # fmt: skip
            held = assessment_queries.get_evidence(session, actor=assessor.actor, public_id=report.public_id)
            for element in found.elements:
                for scale, level in (("trl", trl), ("mrl", mrl)):
                    judge_up_to(session, actor=assessor.actor, assessment=assessment, element=element, scale=scale,
                                level=level, evidence=held, now=MOMENT)  # fmt: skip
            if sign:
                sign_assessment(session, actor=assessor.actor, assessment=assessment, now=MOMENT,
                                name=assessor.actor.user_name)  # fmt: skip
            return assessment
