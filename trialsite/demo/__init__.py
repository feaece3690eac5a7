"""The demonstration cohort: 60 invented participants at two sites, told by calling the services.

Not installed in production. Nobody in it exists.
"""


def logins() -> list[tuple[str, str, str]]:
    """Return (role, user name, password) of one person per role, for the console of `make run`."""
    from trialsite.demo.people import MAIN_SITE_LOGINS, PASSWORD  # loads Django's models, so only when asked

    return [(role, username, PASSWORD) for role, username in MAIN_SITE_LOGINS]
