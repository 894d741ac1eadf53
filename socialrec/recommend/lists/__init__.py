"""Lists: scored, kept from earlier nights, published and read back.

Which products may stand in a list is decided in `recommend.policy`.
"""
