"""Pure decisions and computations of infusion: gates, grades, codes. Frozen values in, frozen values out."""
