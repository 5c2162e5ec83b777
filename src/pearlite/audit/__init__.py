"""Find what would make a result look better than it is, before anything is trained."""

from pearlite.audit.finding import Audit, Finding, Inflation

__all__ = ["Audit", "Finding", "Inflation"]
