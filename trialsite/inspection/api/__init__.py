"""The endpoints of an inspection."""
