"""The review of one tomogram's picks: decisions, their order, the comparison with another set."""

from motorscope.review.review import Review

__all__ = ["Review"]
