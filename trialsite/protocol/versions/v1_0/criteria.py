"""The 13 inclusion and 12 exclusion criteria, in the order of the registry record."""

from trialsite.protocol.versions.v1_0.exclusion import EXCLUSION
from trialsite.protocol.versions.v1_0.inclusion import INCLUSION

CRITERIA = INCLUSION + EXCLUSION
