"""Pure decisions of follow-up: completion, response. Frozen values in, frozen values out."""
