"""Reads: the course of one participant, work lists, pages. Nothing here writes."""
