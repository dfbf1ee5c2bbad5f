"""Refusals of uploads."""

from marketplace.errors import InvalidInputError, NotFoundError


class FileTooLargeError(InvalidInputError):
    code = "file_too_large"
    message = "This file is larger than allowed."


class FileTypeRefusedError(InvalidInputError):
    code = "file_type_refused"
    message = "Only PDF, PNG, JPEG, Word, Excel and plain text files are accepted; the content decides, not the name."


class EmptyFileError(InvalidInputError):
    code = "file_empty"
    message = "Choose a file that is not empty."


class StoredFileMissingError(NotFoundError):
    code = "file_missing"
    message = "The stored file cannot be found; the operator has been told."
