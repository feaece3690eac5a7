"""What can be wrong with a file of results: the whole of it, or one row."""

from dataclasses import dataclass


class FileRefused(Exception):
    """The file cannot be read as a table of results. row: where it was noticed, as a spreadsheet counts; or None."""

    def __init__(self, code: str, message: str, row: int | None = None) -> None:
        self.code = code
        self.row = row
        self.message = message if row is None else f"Row {row}: {message}"
        super().__init__(self.message)


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row cannot be imported. code: stable, for machines. column: the one at fault, "" = the whole row."""

    code: str
    message: str
    column: str = ""


class RowRefused(Exception):
    """Carries the fault of a row out of the functions that read its cells."""

    def __init__(self, code: str, message: str, column: str = "") -> None:
        super().__init__(message)
        self.fault = RowFault(code, message, column)
