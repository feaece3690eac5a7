"""What a log line may hold: codes, tables, tasks and traces, never the values of a row."""

import logging
import re

# PostgreSQL repeats the offending values in these parts of an error ("Failing row contains (...)").
_ROW_DETAIL = re.compile(r"^(?:DETAIL|CONTEXT|QUERY|PARAMETERS):.*$", re.MULTILINE)


class WithoutRowDetail(logging.Formatter):
    """Leave out the parts of a database error that repeat the values of a row."""

    def format(self, record: logging.LogRecord) -> str:
        return _ROW_DETAIL.sub("(row values left out of the log)", super().format(record))
