"""Write docs/traceability.md."""

from tests.requirements import TABLE, describe

TABLE.write_text(describe(), encoding="utf-8")
