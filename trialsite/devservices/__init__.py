"""The zero-setup stack: embedded PostgreSQL, broker, mail sink, and the command that starts them.

Development, demonstration and tests only. Product code does not import it; production does not install it.
"""
