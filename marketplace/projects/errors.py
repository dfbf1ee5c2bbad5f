"""Refusals of projects."""

from marketplace.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class ProjectNotFoundError(NotFoundError):
    code = "project_not_found"
    message = "There is no such project, or you may not see it."


class ProjectMoveRefusedError(ConflictError):
    code = "project_move_refused"
    message = "The project cannot do this in its present state."


class ProjectNotEditableError(ConflictError):
    code = "project_not_editable"
    message = "The listing can only be changed while it is a draft; withdraw it to the draft first."


class ProjectChangedError(ConflictError):
    code = "project_changed"
    message = "Somebody else changed this project while you were typing; your entries are still in the form."


class ProjectIncompleteError(InvalidInputError):
    code = "project_incomplete"
    message = "The listing is not complete yet."


class ProjectInvalidError(InvalidInputError):
    code = "project_invalid"


class NotTheOwnerError(NotAllowedError):
    code = "not_the_owner"
    message = "Only the team of this project may do this."


class SamePersonError(NotAllowedError):
    code = "same_person"
    message = "Whoever submitted the listing cannot verify it: a second person decides."


class FilterUnknownError(InvalidInputError):
    code = "filter_unknown"
    message = "This filter has no such value."


class SortUnknownError(InvalidInputError):
    code = "sort_unknown"
    message = "The list cannot be sorted by this."


class CursorStaleError(InvalidInputError):
    code = "cursor_stale"
    message = "This page of the list no longer exists; start again from the first."


class TooManyClausesError(InvalidInputError):
    code = "too_many_clauses"
    message = "This search has too many words; use at most 20."


class ImportRefusedError(InvalidInputError):
    code = "import_refused"
    message = "Nothing was imported: some rows cannot be used."


class ConsentNotFoundError(NotFoundError):
    code = "consent_not_found"
    message = "There is no such consent of this project."


class ConsentInvalidError(InvalidInputError):
    code = "consent_invalid"
