"""The nouns of a review: frozen values without I/O, shared by every layer above.

Lines are 1-based and inclusive. Texts a stranger wrote (titles, code, replies) are data: they are
fenced in prompts and neutralised in comments, here they stand as they came.
"""

from __future__ import annotations

from reviewer.domain.asking import (
    Completion,
    Errand,
    Message,
    ModelCall,
    Priority,
    Profile,
    ReviewUnit,
    UnitPart,
    Usage,
)
from reviewer.domain.change import ChangedFile, ChangeRef, ChangeSet, MergeRequest, ReviewWarning, Ticket
from reviewer.domain.findings import Draft, Finding, Rejected, Suggestion, Suppressed
from reviewer.domain.memory import Dismissal, Gesture, Recollection, Trace
from reviewer.domain.posting import Comment, Discussion, Note, Person, Plan, Receipt, Resolution, Thread
from reviewer.domain.related import Related, Relation
from reviewer.domain.review import Coverage, Overview, Review
from reviewer.domain.scales import Category, Confidence, Role, Severity, Source, Verdict
from reviewer.domain.work import Check, Command, Event, ForgeCall, Job, JobState, ProcessRole, Sighting

__all__ = [
    "Category",
    "ChangeRef",
    "ChangeSet",
    "ChangedFile",
    "Check",
    "Command",
    "Comment",
    "Completion",
    "Confidence",
    "Coverage",
    "Discussion",
    "Dismissal",
    "Draft",
    "Errand",
    "Event",
    "Finding",
    "ForgeCall",
    "Gesture",
    "Job",
    "JobState",
    "MergeRequest",
    "Message",
    "ModelCall",
    "Note",
    "Overview",
    "Person",
    "Plan",
    "Priority",
    "ProcessRole",
    "Profile",
    "Receipt",
    "Recollection",
    "Rejected",
    "Related",
    "Relation",
    "Resolution",
    "Review",
    "ReviewUnit",
    "ReviewWarning",
    "Role",
    "Severity",
    "Sighting",
    "Source",
    "Suggestion",
    "Suppressed",
    "Thread",
    "Ticket",
    "Trace",
    "UnitPart",
    "Usage",
    "Verdict",
]
