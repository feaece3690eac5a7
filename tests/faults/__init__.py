"""Faults, for real: workers, beat, broker, PostgreSQL and mail server that die while reminders are on their way.

`test_faults.py` runs each once; `python -m tests.faults` (make faults) runs them often and prints a JSON line for each.
"""
