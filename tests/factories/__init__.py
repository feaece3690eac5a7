"""Builders of things in a given state. They call the services, so nothing they build breaks a rule."""
