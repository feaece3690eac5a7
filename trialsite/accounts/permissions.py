"""Who may do what: the one table that views, API, buttons and tests read.

A role is held at a site. A permission is never stored: it follows from the roles, here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from trialsite.errors import NotPermitted


class Role(StrEnum):
    COORDINATOR = "coordinator"
    NURSE = "nurse"
    INVESTIGATOR = "investigator"
    ADMIN = "admin"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """One act a person may be allowed. `description` says it in one sentence."""

    description: str

    def __new__(cls, value: str, description: str) -> "Permission":
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member

    USE_ACCOUNT = "use_account", "Sign in and manage the own password, second factor and API tokens."
    VIEW_TRIAL = "view_trial", "Read the registry record, the criteria, the schedule and the versions."
    VIEW_FIGURES = (
        "view_figures",
        "See the study pictures: the own sites one by one, the whole trial without small numbers.",
    )
    VIEW_PARTICIPANT = "view_participant", "Read a participant's coded trial data and timeline."
    VIEW_WORKLIST = "view_worklist", "See what is due at the site."
    VIEW_IDENTITY = "view_identity", "Open a participant's direct identifiers; every opening is logged."
    EDIT_IDENTITY = "edit_identity", "Enter or correct a participant's direct identifiers."
    REFER_PARTICIPANT = "refer_participant", "Register a new participant at first contact."
    EDIT_PARTICIPANT = "edit_participant", "Change a participant's coded particulars and contact status."
    RECORD_CONSENT = "record_consent", "Record consent, re-consent and withdrawal of consent."
    RECORD_SCREENING = "record_screening", "Open a screening episode and enter its evidence."
    JUDGE_ELIGIBILITY = "judge_eligibility", "Give the investigator's opinion that a criterion asks for."
    IMPORT_RESULTS = "import_results", "Import laboratory results from a file."
    CONFIRM_ELIGIBILITY = (
        "confirm_eligibility",
        "Sign off that a participant is eligible or a screen failure.",
    )
    ENROL = "enrol", "Enrol an eligible participant into an arm."
    TAKE_SLOT = "take_slot", "Take or free a participant's slot in a dose cohort."
    DECIDE_COHORT = "decide_cohort", "Open a dose cohort and decide on it."
    RECORD_LEUKAPHERESIS = "record_leukapheresis", "Record a leukapheresis."
    RECORD_PRODUCT = "record_product", "Record the manufacture, failure, shipment and receipt of a product."
    RELEASE_PRODUCT = "release_product", "Accept a cell product for infusion."
    PLAN_INFUSION = "plan_infusion", "Set or move the planned date of infusion."
    RECORD_LYMPHODEPLETION = "record_lymphodepletion", "Record doses of lymphodepleting chemotherapy."
    RECORD_INFUSION = "record_infusion", "Record an infusion and the observations around it."
    RECORD_VISIT = "record_visit", "Record a visit and what was done at it."
    RECORD_SAFETY = (
        "record_safety",
        "Record adverse events, toxicity grades, concomitant medication and pregnancy tests.",
    )
    RECORD_RESPONSE = (
        "record_response",
        "Record lesions, scans, new anticancer therapy and survival contacts.",
    )
    JUDGE_PROGRESSION = "judge_progression", "Record that the disease progressed."
    REPORT_SAFETY = "report_safety", "Record that a safety report was sent to sponsor, ethics or authority."
    JUDGE_DLT = "judge_dlt", "Judge whether a toxicity limits the dose."
    RECORD_DISPOSITION = "record_disposition", "Record withdrawal, loss to follow-up, death or completion."
    TRANSFER_PARTICIPANT = (
        "transfer_participant",
        "Hand a participant over to another site; needed at both sites.",
    )
    CORRECT_RECORD = "correct_record", "Correct or void an entry made before, with a reason."
    VIEW_DEVIATIONS = "view_deviations", "Read the protocol deviations of the site."
    RECORD_DEVIATION = (
        "record_deviation",
        "Add and report protocol deviations, say who was told, and what was done about them.",
    )
    ASSESS_DEVIATION = (
        "assess_deviation",
        "Assess reported deviations, plan actions, judge their effect, close and reopen.",
    )
    SIGN_DATA = "sign_data", "Sign infusion records, visits and casebooks as the investigator."
    FREEZE_DATA = "freeze_data", "Freeze a visit or a participant, and lift the freeze, under signature."
    LOCK_DATA = "lock_data", "Lock the data of a site under signature, and unlock them."
    VIEW_TRAIL = "view_trail", "Read the audit trail, and record that it was reviewed."
    REVIEW_ACCESS = "review_access", "See who has which role, their last sign-in and what they opened."
    EXPORT_RECORDS = "export_records", "Take the tables of an inspection out as files with hashes."
    MANAGE_VERSIONS = "manage_versions", "Activate protocol and consent-form versions at the site."
    MANAGE_USERS = "manage_users", "Create and deactivate users and give or take roles at the site."
    ANSWER_REMINDER = "answer_reminder", "Acknowledge, snooze or hand over the own reminders."
    SETTLE_REMINDER = (
        "settle_reminder",
        "Decide about a reminder that may not have arrived: send it again, or note that it had.",
    )
    OPEN_QUERY = "open_query", "Ask about a field of a record; close or reopen the own question."
    ANSWER_QUERY = "answer_query", "Answer a question about a field."
    SETTLE_QUERY = (
        "settle_query",
        "Close or reopen a question that somebody else or the system asked.",
    )
    RUN_SWEEP = "run_sweep", "Move overdue obligations on and send reminders; for the system alone."


_EVERY_ROLE = frozenset(Role)
_TRIAL_STAFF = frozenset({Role.COORDINATOR, Role.NURSE, Role.INVESTIGATOR})
_OFFICE = frozenset({Role.COORDINATOR, Role.INVESTIGATOR})
_INVESTIGATOR = frozenset({Role.INVESTIGATOR})
_ADMIN = frozenset({Role.ADMIN})

# The coordinator keeps the record of every stage; decisions about a patient stay with the investigator.
PERMISSIONS: Mapping[Permission, frozenset[Role]] = {
    Permission.USE_ACCOUNT: _EVERY_ROLE,
    Permission.VIEW_TRIAL: _EVERY_ROLE,
    Permission.VIEW_FIGURES: _EVERY_ROLE,
    Permission.VIEW_PARTICIPANT: _EVERY_ROLE,
    Permission.VIEW_WORKLIST: _EVERY_ROLE,
    Permission.VIEW_IDENTITY: _TRIAL_STAFF,
    Permission.EDIT_IDENTITY: _OFFICE,
    Permission.REFER_PARTICIPANT: _OFFICE,
    Permission.EDIT_PARTICIPANT: _OFFICE,
    Permission.RECORD_CONSENT: _OFFICE,
    Permission.RECORD_SCREENING: _OFFICE,
    Permission.JUDGE_ELIGIBILITY: _INVESTIGATOR,
    Permission.IMPORT_RESULTS: _OFFICE,
    Permission.CONFIRM_ELIGIBILITY: _INVESTIGATOR,
    Permission.ENROL: _OFFICE,
    Permission.TAKE_SLOT: _OFFICE,
    Permission.DECIDE_COHORT: _INVESTIGATOR,
    Permission.RECORD_LEUKAPHERESIS: _TRIAL_STAFF,
    Permission.RECORD_PRODUCT: _TRIAL_STAFF,
    Permission.RELEASE_PRODUCT: _INVESTIGATOR,
    Permission.PLAN_INFUSION: _OFFICE,
    Permission.RECORD_LYMPHODEPLETION: _TRIAL_STAFF,
    Permission.RECORD_INFUSION: _TRIAL_STAFF,
    Permission.RECORD_VISIT: _TRIAL_STAFF,
    Permission.RECORD_SAFETY: _TRIAL_STAFF,
    Permission.RECORD_RESPONSE: _OFFICE,
    Permission.JUDGE_PROGRESSION: _INVESTIGATOR,
    Permission.REPORT_SAFETY: _OFFICE,
    Permission.JUDGE_DLT: _INVESTIGATOR,
    Permission.RECORD_DISPOSITION: _OFFICE,
    Permission.TRANSFER_PARTICIPANT: _OFFICE | _ADMIN,
    Permission.CORRECT_RECORD: _TRIAL_STAFF,
    Permission.VIEW_DEVIATIONS: _EVERY_ROLE,
    Permission.RECORD_DEVIATION: _TRIAL_STAFF | _ADMIN,
    Permission.ASSESS_DEVIATION: _INVESTIGATOR | _ADMIN,
    Permission.SIGN_DATA: _INVESTIGATOR,
    Permission.FREEZE_DATA: _INVESTIGATOR | _ADMIN,
    Permission.LOCK_DATA: _ADMIN,
    Permission.VIEW_TRAIL: _INVESTIGATOR | _ADMIN | {Role.AUDITOR},
    Permission.REVIEW_ACCESS: _ADMIN | {Role.AUDITOR},
    Permission.EXPORT_RECORDS: _INVESTIGATOR | _ADMIN | {Role.AUDITOR},
    Permission.MANAGE_VERSIONS: _ADMIN,
    Permission.MANAGE_USERS: _ADMIN,
    Permission.ANSWER_REMINDER: _TRIAL_STAFF | _ADMIN,
    Permission.SETTLE_REMINDER: _OFFICE | _ADMIN,
    Permission.OPEN_QUERY: _OFFICE | _ADMIN | {Role.AUDITOR},
    Permission.ANSWER_QUERY: _TRIAL_STAFF,
    Permission.SETTLE_QUERY: _ADMIN,
    Permission.RUN_SWEEP: frozenset(),
}

# What a named system actor may do beyond the sweep, at every site.
SYSTEM_PERMISSIONS: Mapping[str, frozenset[Permission]] = {
    "bootstrap": frozenset({Permission.MANAGE_USERS, Permission.MANAGE_VERSIONS}),
    "sign-in": frozenset(),
}


@dataclass(frozen=True)
class Access:
    """The roles one actor holds now, and what they allow.

    everywhere: roles that count at every site. granted: permissions of a system actor, at every site.
    """

    roles_by_site: Mapping[UUID, frozenset[Role]] = field(default_factory=dict)
    everywhere: frozenset[Role] = frozenset()
    granted: frozenset[Permission] = frozenset()

    def may(self, permission: Permission, site_id: UUID | None) -> bool:
        """Return whether the act is allowed at the site; None asks for an act that concerns every site."""
        if self._may_everywhere(permission):
            return True
        here = self.roles_by_site.get(site_id, frozenset()) if site_id else frozenset()
        return bool(here & PERMISSIONS[permission])

    def holds(self, permission: Permission) -> bool:
        """Return whether the permission is held at one site at least. Scope what it opens by site."""
        return self._may_everywhere(permission) or bool(self.site_ids(permission))

    def site_ids(self, permission: Permission) -> frozenset[UUID] | None:
        """Return the sites at which the permission is held; None means every site."""
        if self._may_everywhere(permission):
            return None
        allowed = PERMISSIONS[permission]
        return frozenset(site for site, roles in self.roles_by_site.items() if roles & allowed)

    @property
    def roles(self) -> frozenset[Role]:
        """Return every role held anywhere."""
        return self.everywhere.union(*self.roles_by_site.values())

    def _may_everywhere(self, permission: Permission) -> bool:
        return permission in self.granted or bool(self.everywhere & PERMISSIONS[permission])


class Actor(Protocol):
    """Whoever acts: a user or a system actor. What it may do is read from its `access`."""

    @property
    def actor_id(self) -> str: ...
    @property
    def actor_label(self) -> str: ...


@dataclass(frozen=True)
class SystemActor:
    """A task or command that acts by itself, under its own name in the trail."""

    name: str

    @property
    def actor_id(self) -> str:
        return f"system:{self.name}"

    @property
    def actor_label(self) -> str:
        return f"system ({self.name})"

    @property
    def actor_role(self) -> str:
        return "system"

    @property
    def access(self) -> Access:
        return Access(granted=SYSTEM_PERMISSIONS.get(self.name, frozenset({Permission.RUN_SWEEP})))


def access_of(actor: Actor) -> Access:
    """Return what the actor holds. An actor that states no access holds nothing."""
    access = getattr(actor, "access", None)
    return access if isinstance(access, Access) else Access()


def may(actor: Actor, permission: Permission, site_id: UUID | None) -> bool:
    """Return whether `actor` may act at the site; for buttons. Services call `require`."""
    return access_of(actor).may(permission, site_id)


def require(by: Actor, permission: Permission, site_id: UUID | None) -> None:
    """Pass if `by` holds the permission at the site (None: at every site).

    Raises NotPermitted("not-permitted").
    """
    if not access_of(by).may(permission, site_id):
        raise refusal(permission)


def require_anywhere(by: Actor, permission: Permission) -> None:
    """Pass if `by` holds the permission at one site at least. Raises NotPermitted("not-permitted")."""
    if not access_of(by).holds(permission):
        raise refusal(permission)


def refusal(permission: Permission) -> NotPermitted:
    """Return the error that says which roles the act needs."""
    roles = " or ".join(sorted(PERMISSIONS[permission])) or "the system"
    return NotPermitted(
        "not-permitted",
        f"Your role does not allow this here. It needs: {roles}.",
        params={"permission": permission.value},
    )


def describe() -> str:
    """Return the whole table as Markdown, one row per permission, for docs/permissions.md."""
    return "\n".join([*_HEADING, *_rows()]) + "\n"


_HEADING = (
    "# Who may do what",
    "",
    "Generated from `trialsite/accounts/permissions.py` by `manage.py permission_table`. Do not edit.",
    "",
    "A role is held at a site and counts there; an auditor's role counts at every site.",
    "Every signed-in user may use the own account, also without any role.",
    "",
    "| Permission | What it allows | " + " | ".join(Role) + " |",
    "|---|---|" + ":-:|" * len(Role),
)


def _rows() -> Iterator[str]:
    for permission in Permission:
        ticks = " | ".join("yes" if role in PERMISSIONS[permission] else "–" for role in Role)
        yield f"| `{permission.value}` | {permission.description} | {ticks} |"
