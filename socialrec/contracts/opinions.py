"""Rules by which events and comments say that a user likes a product, or does not."""

from socialrec.contracts.vocabulary import EventType

FAVOURABLE_EVENTS = (EventType.LIKE, EventType.SAVE, EventType.SHARE, EventType.CART, EventType.PURCHASE)
"""Events that show that the user likes the product; views and clicks do not."""

FAVOURABLE_RATING, UNFAVOURABLE_RATING = 4.0, 2.0
"""Stars from which a comment praises its product, and stars up to which it is a complaint."""

LABEL_WORDS = 3
"""A comment without stars that answers nobody and has at most so many words labels its product, such as `indie rock`.

A longer one without stars may praise or complain: its opinion is not known.
"""

WORD_OR_SIGN = "[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]{1,2}|[^\\s\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]+"
"""Word of a label; in scripts without spaces two characters, the usual length of a Chinese word. Valid in Python, Java
and RE2, so that no dictionary is asked.
"""
